#include "alknet-authd/auth_bus.hpp"
#include "alknet-authd/policy.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace alk::authd::policy_test {
namespace {

constexpr std::uint32_t own = 901, listend = 902, metrics = 903, admin = 1000, stranger = 1001;

bus::Accounts accounts() {
  return {own, listend, [](std::uint32_t uid) { return uid == admin; }, 0, metrics};
}

bool may(std::uint32_t uid, std::string_view member) {
  return bus::allowed(auth_policy, member, uid, accounts());
}

TEST(Policy, ListsEveryMethodAndNothingElse) {
  auto methods = AuthBus::interface(nullptr).methods;
  for (const auto& method : methods) EXPECT_TRUE(may(0, method.name)) << method.name;
  for (const auto& rule : auth_policy)
    EXPECT_TRUE(rule.member == bus::read_properties ||
                std::any_of(methods.begin(), methods.end(),
                            [&](const auto& method) { return method.name == rule.member; }))
        << rule.member;
}

TEST(Policy, StrangersMayNothing) {
  for (const auto& rule : auth_policy) {
    EXPECT_FALSE(may(stranger, rule.member)) << rule.member;
    // Administrators, and who serves numbers to Prometheus, see the status and nothing else.
    const bool looks = rule.member == bus::read_properties || rule.member == "GetMetrics";
    const bool explains = rule.member == "LookupCredential"; // as what alknet-stored shows administrators
    EXPECT_EQ(may(admin, rule.member), looks || explains) << rule.member;
    EXPECT_EQ(may(metrics, rule.member), looks) << rule.member;
  }
}

TEST(Policy, ListendMayEverythingButReload) {
  for (const auto& rule : auth_policy)
    EXPECT_EQ(may(listend, rule.member), rule.member != "Reload") << rule.member;
}

TEST(Policy, RootAndTheServiceItselfMayEverything) {
  for (const auto& rule : auth_policy) {
    EXPECT_TRUE(may(0, rule.member)) << rule.member;
    EXPECT_TRUE(may(own, rule.member)) << rule.member;
  }
}

TEST(Policy, WhatIsNotListedIsDenied) {
  EXPECT_FALSE(may(0, "Whatever"));
}

} // namespace
} // namespace alk::authd::policy_test
