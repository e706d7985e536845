#include "fake_admin.hpp"
#include "metrics.hpp"
#include "verbs.hpp"

#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace alk::alknetctl::metrics_test {
namespace {

using testing::HasSubstr;
using testing::Not;

// As strict as the text format 0.0.4 is: each metric once, its HELP and TYPE first, all of its samples
// together, no series twice. Gives the first line that does not fit, or nothing.
std::string first_fault(const std::string& text) {
  static const std::regex help(R"(# HELP ([a-zA-Z_][a-zA-Z0-9_]*) ([^\\]|\\\\|\\n)*)");
  static const std::regex type(R"(# TYPE ([a-zA-Z_][a-zA-Z0-9_]*) (counter|gauge|untyped))");
  static const std::string label = R"re([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\\\|\\"|\\n)*")re";
  static const std::regex sample("([a-zA-Z_][a-zA-Z0-9_]*)(\\{" + label + "(," + label + ")*\\})? [0-9]+");
  if (!text.ends_with('\n')) return "the end";
  std::set<std::string> metrics, series;
  std::string helped, current, kind, line;
  for (std::istringstream lines(text); std::getline(lines, line);) {
    std::smatch part;
    if (std::regex_match(line, part, help)) {
      helped = part[1];
      if (!metrics.insert(helped).second) return line;
    } else if (std::regex_match(line, part, type)) {
      current = part[1];
      kind = part[2];
      if (current != helped || (kind == "counter") != current.ends_with("_total")) return line;
    } else if (!std::regex_match(line, part, sample) || part[1] != current ||
               !series.insert(line.substr(0, line.rfind(' '))).second) {
      return line;
    }
  }
  return "";
}

struct Metrics : testing::Test {
  FakeAdmin admin_;
  std::ostringstream out_, err_;
  std::string text(int code = exit_ok) {
    EXPECT_EQ(metrics(admin_, {Format::Text, out_, err_, FakeAdmin::now}), code);
    return out_.str();
  }
};

TEST_F(Metrics, AreWhatPrometheusReads) {
  EXPECT_EQ(first_fault(text()), "");
  EXPECT_THAT(out_.str(), HasSubstr("# HELP alknet_up Whether alknet-listend answers\n"
                                    "# TYPE alknet_up gauge\nalknet_up 1\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_listener_active{listener=\"tls\",transport=\"tls\"} 1\n"
                                    "alknet_listener_active{listener=\"ssh\",transport=\"tcp\"} 0\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_certificate_expires_seconds{listener=\"tls\"} " +
                                    std::to_string(FakeAdmin::now + 100 * 86400 + 5) + "\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\n# TYPE alknet_logins_accepted_total counter\n"
                                    "alknet_logins_accepted_total{listener=\"tls\"} 9\n"
                                    "alknet_logins_accepted_total{listener=\"ssh\"} 0\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_authorized_keys 2\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_config_agrees 1\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_stored_up 1\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_stored_rows{table=\"accounts\"} 4\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_secretd_up 0\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_authd_reloads_total{result=\"ok\"} 2\n"));
}

// What a peer chose (user names, addresses) is in no label.
TEST_F(Metrics, NameNoPeer) {
  EXPECT_THAT(text(), Not(HasSubstr("vil")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("2001:db8")));
}

TEST_F(Metrics, AreEscaped) {
  const std::vector<Metric> odd{
      {"x_total", "counter", "a\\b\nc \"d\"", {{{{"l", "a\"b\\c\nd"}, {"m", ""}}, 1}}}};
  EXPECT_EQ(exposition(odd), "# HELP x_total a\\\\b\\nc \"d\"\n# TYPE x_total counter\n"
                             "x_total{l=\"a\\\"b\\\\c\\nd\",m=\"\"} 1\n");
  EXPECT_EQ(first_fault(exposition(odd)), "");
}

TEST_F(Metrics, WhatCannotBeReadIsLeftOut) {
  EXPECT_EQ(
      exposition({{"x", "gauge", "y", {}}, {"9x", "gauge", "y", {{{}, 1}}}, {"", "gauge", "", {{{}, 1}}}}),
      "");
  EXPECT_EQ(exposition({{"x", "of a later release", "y", {{{{"not a name", "z"}}, 1}}}}),
            "# HELP x y\n# TYPE x untyped\nx 1\n");
  admin_.metrics_.push_back({"alknet_up", "gauge", "a second one", {{{}, 7}}});
  EXPECT_EQ(first_fault(text()), "");
  EXPECT_THAT(out_.str(), Not(HasSubstr("a second one")));
}

TEST_F(Metrics, TheParserOfThisTestObjects) {
  EXPECT_NE(first_fault("x 1\n"), "");
  EXPECT_NE(first_fault("# HELP x y\n# TYPE x gauge\nx 1\nx 2\n"), "");
  EXPECT_NE(first_fault("# HELP x y\n# TYPE x counter\nx 1\n"), "");
  EXPECT_NE(first_fault("# HELP x y\n# TYPE x gauge\nx{l=\"a\"b\"} 1\n"), "");
  EXPECT_NE(first_fault("# HELP x y\n# TYPE x gauge\nx 1"), "");
}

TEST_F(Metrics, OfAServerThatIsDown) {
  admin_.running_ = false;
  EXPECT_EQ(first_fault(text(exit_not_running)), "");
  EXPECT_THAT(out_.str(), HasSubstr("\nalknet_up 0\n"));
}

TEST_F(Metrics, ForWhomAuthdDoesNotAnswer) {
  admin_.auth_ = fail(Kind::Denied, "not you");
  admin_.auth_metrics_ = fail(Kind::Gone, "not there");
  EXPECT_THAT(text(), HasSubstr("\nalknet_authd_up 1\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("alknet_authorized_keys")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("alknet_authd_reloads_total")));
}

TEST_F(Metrics, WhoMayNotAskIsTold) {
  admin_.broken_ = fail(Kind::Denied, "not you");
  EXPECT_EQ(text(exit_denied), "");
  EXPECT_THAT(err_.str(), HasSubstr("not you"));
}

TEST_F(Metrics, AsJson) {
  EXPECT_EQ(metrics(admin_, {Format::Json, out_, err_, FakeAdmin::now}), exit_ok);
  auto document = nlohmann::json::parse(out_.str());
  EXPECT_EQ(
      document[0],
      nlohmann::json(
          {{"name", "alknet_up"}, {"type", "gauge"}, {"labels", nlohmann::json::object()}, {"value", 1}}));
}

} // namespace
} // namespace alk::alknetctl::metrics_test
