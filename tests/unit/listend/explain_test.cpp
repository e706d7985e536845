#include "explain.hpp"

#include <gtest/gtest.h>

namespace alk::listend::explain_test {

TEST(ParseQuestion, TakesNamesAndLiterals) {
  auto name = parse_question("db.example:5432", "tcp");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "db.example");
  EXPECT_EQ(name->port, 5432);
  EXPECT_EQ(name->transport, config::Transport::Tcp);
  auto literal = parse_question("[2001:db8::1]:22", "tls");
  ASSERT_TRUE(literal);
  EXPECT_EQ(literal->host, "2001:db8::1");
  EXPECT_EQ(literal->transport, config::Transport::Tls);
}

TEST(ParseQuestion, RefusesWhatHasNoPortOrNoBrackets) {
  for (const char* bad :
       {"db.example", "db.example:", "db.example:65536", "db.example:x", ":22", "2001:db8::1:22", "[]:22"})
    EXPECT_FALSE(parse_question(bad, "tcp")) << bad;
  EXPECT_FALSE(parse_question("db.example:22", "quic"));
}

static Settings settings_with(std::string_view forwarding) {
  auto parsed = config::parse("alknet.toml", forwarding);
  EXPECT_TRUE(parsed) << parsed.error().front().describe();
  return Settings{7, parsed->digest, parsed->dynamic, ForwardingPolicy(parsed->dynamic.forwarding), {}};
}

TEST(Explain, NamesTheRuleTheDefaultAndTheConstraint) {
  Settings settings = settings_with(R"(
[auth]
host_key = "/nonexistent"
[forwarding]
default = "deny"
[[forwarding.rules]]
target = "*.example:443"
action = "allow"
)");
  auto question = parse_question("www.example:443", "tcp").value();
  auto allowed = explain_question(settings, question);
  EXPECT_TRUE(allowed.allowed);
  EXPECT_EQ(allowed.rule, 0);
  EXPECT_EQ(allowed.text, "*.example:443");

  auto by_default = explain_question(settings, parse_question("www.example:80", "tcp").value());
  EXPECT_FALSE(by_default.allowed);
  EXPECT_EQ(by_default.rule, -1);
  EXPECT_EQ(by_default.text, "default");

  question.constraints.no_port_forwarding = true;
  auto constrained = explain_question(settings, question);
  EXPECT_FALSE(constrained.allowed);
  EXPECT_EQ(constrained.rule, -2);
}

} // namespace alk::listend::explain_test
