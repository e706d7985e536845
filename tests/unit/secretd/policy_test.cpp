#include "alknet-secretd/policy.hpp"
#include "alknet-secretd/secret_bus.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace alk::secretd::policy_test {
namespace {

constexpr std::uint32_t own = 901, listend = 902, metrics = 903, stored = 904, admin = 1000, stranger = 1001;

bus::Accounts accounts() {
  return {own, listend, [](std::uint32_t uid) { return uid == admin; }, 0, metrics, {}, stored};
}

bool may(std::uint32_t uid, std::string_view member) {
  return bus::allowed(secret_policy, member, uid, accounts());
}

std::set<std::string> all_of(std::uint32_t uid) {
  std::set<std::string> members;
  for (const auto& rule : secret_policy)
    if (may(uid, rule.member)) members.emplace(rule.member);
  return members;
}

TEST(Policy, ListsEveryMethodAndNothingElse) {
  auto methods = SecretBus::interface(nullptr).methods;
  for (const auto& method : methods) EXPECT_TRUE(may(0, method.name)) << method.name;
  for (const auto& rule : secret_policy)
    EXPECT_TRUE(rule.member == bus::read_properties ||
                std::any_of(methods.begin(), methods.end(),
                            [&](const auto& method) { return method.name == rule.member; }))
        << rule.member;
  EXPECT_FALSE(may(0, "Whatever"));
}

TEST(Policy, EachHasWhatItNeeds) {
  const std::string properties(bus::read_properties);
  EXPECT_EQ(all_of(stranger), std::set<std::string>());
  EXPECT_EQ(all_of(metrics), (std::set<std::string>{"GetMetrics", properties}));
  EXPECT_EQ(all_of(stored), (std::set<std::string>{"GetMetrics", "SignAnchor", properties}));
  EXPECT_EQ(all_of(listend), (std::set<std::string>{"DeriveEd25519", "Decrypt", "GetMetrics", properties}));
  EXPECT_EQ(all_of(admin), (std::set<std::string>{"Prepare", "Status", "Unlock", "Lock", "Generate",
                                                  "Encrypt", "DerivePassword", "GetMetrics", properties}));
  EXPECT_EQ(all_of(0).size(), std::size(secret_policy));
  EXPECT_EQ(all_of(own).size(), std::size(secret_policy));
}

TEST(Policy, WhatAdministratorsDoNeedsConsent) {
  for (const auto& rule : secret_policy) {
    const bool asks = bus::action_to_grant(secret_policy, rule.member, admin, accounts()) != nullptr;
    const bool looks = rule.member == "Prepare" || rule.member == "Status" || rule.member == "GetMetrics" ||
                       rule.member == bus::read_properties;
    if (may(admin, rule.member)) {
      EXPECT_EQ(asks, !looks) << rule.member;
    }
    EXPECT_EQ(bus::action_to_grant(secret_policy, rule.member, 0, accounts()), nullptr);
  }
}

TEST(Policy, ListendHasOneKeyAndOneTag) {
  EXPECT_EQ(host_key_path().text(), key_policy[1].member);
  EXPECT_TRUE(may_have(key_policy, host_key_path().text(), listend, accounts()));
  for (const Path& path : {identity_path(), anchor_path()})
    EXPECT_FALSE(may_have(key_policy, path.text(), listend, accounts())) << path.text();
  for (const Path& path : {identity_path(), anchor_path(), host_key_path()})
    EXPECT_FALSE(may_have(key_policy, path.text(), stored, accounts())) << path.text();
  EXPECT_TRUE(may_have(tag_policy, "alknet-listend", listend, accounts()));
  for (std::string_view tag : {"", "*", "alknet-authd"}) {
    EXPECT_FALSE(may_have(tag_policy, tag, listend, accounts())) << tag;
    EXPECT_TRUE(may_have(tag_policy, tag, 0, accounts())) << tag;
    EXPECT_FALSE(may_have(tag_policy, tag, admin, accounts())) << tag;
  }
}

} // namespace
} // namespace alk::secretd::policy_test
