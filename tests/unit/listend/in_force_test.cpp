#include "in_force.hpp"
#include "net/self_signed.hpp"

#include <set>

#include <gtest/gtest.h>

namespace alk::listend::in_force_test {
namespace {

std::string text(const bus::Dictionary& entry, const char* name) {
  auto* value = bus::find<std::string>(entry, name);
  return value ? *value : "(none)";
}

config::Dynamic parsed(std::string_view toml) {
  auto configuration = config::parse("alknet.toml", toml);
  EXPECT_TRUE(configuration) << configuration.error().front().describe();
  return configuration->dynamic;
}

TEST(InForce, RulesInFileOrder) {
  auto rules = shown_rules(parsed(R"(
[[forwarding.rules]]
target = "10.0.0.0/8:22"
action = "deny"
[[forwarding.rules]]
target = "*:443"
action = "allow"
principals = ["ann"]
transports = ["tls"]
)")
                               .forwarding);
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(text(rules[0], "target"), "10.0.0.0/8:22");
  EXPECT_EQ(text(rules[0], "action"), "deny");
  EXPECT_EQ(*bus::find<std::uint32_t>(rules[1], "index"), 1u);
  EXPECT_EQ(text(rules[1], "action"), "allow");
  EXPECT_EQ(*bus::find<std::vector<std::string>>(rules[1], "principals"), std::vector<std::string>{"ann"});
  EXPECT_EQ(*bus::find<std::vector<std::string>>(rules[1], "transports"), std::vector<std::string>{"tls"});
}

TEST(InForce, LimitsAreThoseInForce) {
  for (const auto& entry : shown_limits(parsed("[limits]\nlogin_grace_time = \"2m\"\n").limits)) {
    if (text(entry, "name") != "login_grace_time") continue;
    EXPECT_EQ(*bus::find<std::uint64_t>(entry, "value"), 120u);
    EXPECT_EQ(text(entry, "unit"), "seconds");
    return;
  }
  FAIL() << "login_grace_time is not shown";
}

// A limit that is added to the schema belongs into the table as well.
TEST(InForce, EveryLimitIsShown) {
  std::set<std::string> known, shown;
  for (const std::string& key : config::known_keys())
    if (key.starts_with("limits.")) known.insert(key.substr(7));
  for (auto no_number : {"penalties.overflow", "penalties.exempt"}) known.erase(no_number);
  for (const auto& entry : shown_limits({})) shown.insert(text(entry, "name"));
  EXPECT_EQ(shown, known);
}

std::shared_ptr<const net::TlsContext> context(const SecretBytes& key) {
  return net::TlsContext::server(*net::make_self_signed(key, {"localhost"}), key.view()).value();
}

TEST(InForce, RenewedCertificatesByTheKeyThatNamesThem) {
  auto key = net::generate_tls_key();
  config::Static running;
  for (const char* name : {"a", "b", "own", "plain"}) running.listeners.emplace_back().name = name;
  running.listeners[2].tls = {"/cert", "/key"};
  auto shared = context(*key);
  TlsContexts before{{"a", shared}, {"b", shared}, {"own", context(*key)}};
  TlsContexts after = before;
  EXPECT_TRUE(renewed_certificates(running, before, after).empty());
  after["own"] = context(*key);
  EXPECT_EQ(renewed_certificates(running, before, after), std::vector<std::string>{"listeners[2].tls.cert"});
  after["a"] = after["b"] = context(*key);
  EXPECT_EQ(renewed_certificates(running, before, after),
            (std::vector<std::string>{"server.tls.cert", "listeners[2].tls.cert"}));
}

TEST(InForce, ExpiredCertificatesByListener) {
  TlsContexts contexts{{"tls", context(*net::generate_tls_key())}};
  std::uint64_t expires = contexts["tls"]->certificate()->expires;
  EXPECT_TRUE(expired_certificates(contexts, expires - 1).empty());
  EXPECT_EQ(expired_certificates(contexts, expires), std::vector<std::string>{"tls"});
}

} // namespace
} // namespace alk::listend::in_force_test
