// The commented sample and alknet.toml(5) against the structs, which hold the only list of defaults.
#include "base/text.hpp"
#include "config/config.hpp"
#include "forwarding_policy.hpp"

#include <map>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace alk;
using testing::HasSubstr;

namespace {

std::string read_source(const std::string& name) {
  auto text = read_file(std::string(ALK_SOURCE_ROOT "/") + name, 1 << 20);
  EXPECT_TRUE(text) << text.error().what;
  return text.value_or("");
}

const std::string sample_name = "docs/sample/alknet.toml";
const std::regex shown_default("^#([a-z0-9_]+) = (.*)$");

config::Configuration require(const std::string& text) {
  auto checked = config::parse("sample", text);
  if (!checked)
    for (auto& problem : checked.error()) ADD_FAILURE() << problem.describe();
  return checked.value_or(config::Configuration{});
}

// Lines "#key = value" without their "#".
std::string with_shown_defaults(const std::string& text) {
  std::string all;
  for (auto line : split(text, '\n')) {
    std::string copy(line);
    all += std::regex_match(copy, shown_default) ? copy.substr(1) : copy;
    all += '\n';
  }
  return all;
}

std::map<std::string, std::string> shown_defaults(const std::string& text) {
  std::map<std::string, std::string> shown;
  std::smatch match;
  for (auto line : split(text, '\n'))
    if (std::string copy(line); std::regex_match(copy, match, shown_default)) shown[match[1]] = match[2];
  return shown;
}

std::string leaf(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

TEST(Sample, HasNoProblemAndNoWarning) {
  auto sample = require(read_source(sample_name));
  for (auto& warning : sample.warnings) ADD_FAILURE() << warning.describe();
  ASSERT_EQ(sample.fixed.listeners.size(), 2U);
  EXPECT_EQ(sample.fixed.listeners[0].name, "tls");
  EXPECT_TRUE(sample.fixed.listeners[0].stealth);
  EXPECT_EQ(sample.fixed.listeners[1].name, "ssh");
}

TEST(Sample, ShowsTheDefaults) {
  auto text = read_source(sample_name);
  auto plain = require(text), shown = require(with_shown_defaults(text));
  EXPECT_GE(shown_defaults(text).size(), 15U);
  EXPECT_THAT(config::changed_keys(plain.dynamic, shown.dynamic), testing::IsEmpty());
  EXPECT_THAT(config::changed_keys(plain.fixed, shown.fixed), testing::IsEmpty());
  EXPECT_EQ(shown.dynamic.limits, config::Limits{});
  EXPECT_EQ(shown.dynamic.auth.disconnect_revoked, config::Auth{}.disconnect_revoked);
}

TEST(Sample, ShowsEveryKey) {
  auto text = with_shown_defaults(read_source(sample_name));
  // "#     key = value" stands in an example.
  for (auto& key : config::known_keys())
    EXPECT_TRUE(std::regex_search(text, std::regex("\n(#     )?" + leaf(key) + " = "))) << key;
}

TEST(Sample, DeniesMetadataServices) {
  listend::ForwardingPolicy policy(require(read_source(sample_name)).dynamic.forwarding);
  for (auto host : {"169.254.169.254", "::ffff:169.254.169.254", "[fe80::1]", "fd00:ec2::254",
                    "100.100.100.200", "64:ff9b::169.254.169.254", "Metadata.Google.Internal."}) {
    auto to = config::make_destination(host, 80);
    EXPECT_FALSE(policy.decide({}, {}, config::Transport::Tls, to).allowed) << host;
    auto name = config::make_destination("rebound.example", 80);
    EXPECT_TRUE(!to.address || policy.refuses_address({}, config::Transport::Tls, name, *to.address)) << host;
  }
  EXPECT_TRUE(
      policy.decide({}, {}, config::Transport::Tls, config::make_destination("192.0.2.1", 80)).allowed);
}

TEST(ManPage, HasEveryKeyWithItsDefault) {
  auto page = read_source("docs/man/alknet.toml.5.scd");
  for (auto& key : config::known_keys())
    EXPECT_TRUE(std::regex_search(page, std::regex("[*.]" + leaf(key) + "\\*"))) << key;
  for (auto& [key, value] : shown_defaults(read_source(sample_name))) {
    auto at = page.find("*" + key + "* = ");
    ASSERT_NE(at, std::string::npos) << key;
    auto paragraph = page.substr(at, page.find("\n\n", at) - at);
    auto escaped = std::regex_replace(value, std::regex("[\\[\\]]"), "\\$&");
    EXPECT_THAT(paragraph, HasSubstr("Default: " + escaped)) << key;
  }
}

} // namespace
