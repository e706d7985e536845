#include "forwarding_policy.hpp"
#include "random_rules.hpp"

#include <gtest/gtest.h>

namespace alk::listend::forwarding_policy_test {

using config::Action;
using config::make_destination;
using config::parse_ip;
using config::Transport;

namespace {

struct Line {
  const char* action;
  const char* target;
  std::vector<std::string> principals;
};

ForwardingPolicy make_policy(Action otherwise, std::vector<Line> lines) {
  config::Forwarding forwarding;
  forwarding.default_action = otherwise;
  for (auto& line : lines) {
    auto action = std::string(line.action) == "allow" ? Action::Allow : Action::Deny;
    forwarding.rules.push_back(
        {line.target, config::parse_target(line.target).value(), action, std::move(line.principals), {}});
  }
  return ForwardingPolicy(std::move(forwarding));
}

const Identity alice{"alice", {"staff"}, {}};

Decision ask(const ForwardingPolicy& policy, std::string_view host, std::uint16_t port,
             const Constraints& constraints = {}, const Identity& identity = alice) {
  return policy.decide(identity, constraints, Transport::Tls, make_destination(host, port));
}

bool refuses(const ForwardingPolicy& policy, std::string_view asked, std::string_view address,
             std::uint16_t port = 80) {
  return policy.refuses_address(alice, Transport::Tls, make_destination(asked, port), *parse_ip(address));
}

TEST(Decide, FirstMatchThenDefault) {
  auto policy =
      make_policy(Action::Deny, {{"deny", "*:22", {}}, {"allow", "*.example.com", {}}, {"deny", "*", {"x"}}});
  EXPECT_EQ(ask(policy, "www.example.com", 443), (Decision{true, 1, {}}));
  EXPECT_EQ(ask(policy, "www.example.com", 22), (Decision{false, 0, {}}));
  EXPECT_EQ(ask(policy, "other.org", 443), (Decision{false, Decision::by_default, {}}));
  EXPECT_EQ(ask(make_policy(Action::Allow, {}), "h", 1), (Decision{true, Decision::by_default, {}}));
}

TEST(Decide, PrincipalsAreIdsOrScopes) {
  auto policy = make_policy(Action::Deny, {{"allow", "a", {"alice"}},
                                           {"allow", "b", {"bob", "staff"}},
                                           {"allow", "c", {"bob"}},
                                           {"allow", "d", {"bob", "*"}}});
  EXPECT_TRUE(ask(policy, "a", 1).allowed);
  EXPECT_TRUE(ask(policy, "b", 1).allowed);
  EXPECT_FALSE(ask(policy, "c", 1).allowed);
  EXPECT_TRUE(ask(policy, "d", 1).allowed);
  EXPECT_FALSE(ask(policy, "a", 1, {}, Identity{}).allowed);
  EXPECT_TRUE(ask(policy, "d", 1, {}, Identity{}).allowed);
}

TEST(Decide, NotationsOfAnAddressAreOne) {
  auto policy =
      make_policy(Action::Allow, {{"deny", "169.254.0.0/16", {}}, {"deny", "fd00:ec2::254/128", {}}});
  for (auto host : {"169.254.169.254", "::ffff:169.254.169.254", "[::ffff:a9fe:a9fe]", "169.254.169.254.",
                    "FD00:EC2:0::254", "[fd00:ec2::254]"})
    EXPECT_FALSE(ask(policy, host, 80).allowed) << host;
}

TEST(Decide, ReservedNamesMeetRulesOnlyWhenOneSpeaksOfThem) {
  auto silent = make_policy(Action::Deny, {{"deny", "*", {}}, {"deny", "a*", {}}});
  EXPECT_TRUE(ask(silent, "alknet-control", 0).allowed);
  EXPECT_FALSE(ask(silent, "ALKNET-control", 0).allowed);
  auto outspoken = make_policy(Action::Deny, {{"allow", "alknet-*", {"staff"}}});
  EXPECT_EQ(ask(outspoken, "alknet-control", 0), (Decision{true, 0, {}}));
  EXPECT_FALSE(ask(outspoken, "alknet-control", 0, {}, Identity{"bob", {}, {}}).allowed);
  auto shadowed = make_policy(Action::Allow, {{"deny", "*", {}}, {"allow", "alknet-*", {}}});
  EXPECT_EQ(ask(shadowed, "alknet-control", 0), (Decision{false, 0, {}}));
}

TEST(Decide, ConstraintsComeFirst) {
  auto policy = make_policy(Action::Allow, {{"deny", "secret", {}}});
  Constraints none_at_all;
  none_at_all.no_port_forwarding = true;
  EXPECT_EQ(ask(policy, "h", 1, none_at_all),
            (Decision{false, Decision::by_constraint, "no-port-forwarding"}));
  EXPECT_EQ(ask(policy, "alknet-control", 0, none_at_all).rule, Decision::by_constraint);
  Constraints some;
  some.permit_open = {"h:1", "secret:*"};
  EXPECT_TRUE(ask(policy, "h", 1, some).allowed);
  EXPECT_EQ(ask(policy, "h", 2, some), (Decision{false, Decision::by_constraint, "permitopen"}));
  EXPECT_EQ(ask(policy, "secret", 2, some),
            (Decision{false, 0, {}})); // permitted by the login, denied by a rule
  some.permit_open->clear();
  EXPECT_EQ(ask(policy, "h", 1, some).rule, Decision::by_constraint);
}

TEST(Explain, SaysWhatDecided) {
  auto policy = make_policy(Action::Allow, {{"deny", "*:22", {}}});
  EXPECT_EQ(policy.explain(ask(policy, "h", 22)), "*:22");
  EXPECT_EQ(policy.explain(ask(policy, "h", 23)), "default");
  Constraints none_at_all;
  none_at_all.no_port_forwarding = true;
  EXPECT_EQ(policy.explain(ask(policy, "h", 23, none_at_all)), "no-port-forwarding");
}

TEST(RefusesAddress, WhenAsNetworkItWouldBeDenied) {
  auto policy = make_policy(Action::Deny, {{"allow", "*.example.com", {}}, {"deny", "10.0.0.0/8", {}}});
  EXPECT_TRUE(ask(policy, "www.example.com", 80).allowed);
  EXPECT_TRUE(refuses(policy, "www.example.com", "10.1.2.3"));
  EXPECT_TRUE(refuses(policy, "www.example.com", "::ffff:10.1.2.3"));
  EXPECT_FALSE(refuses(policy, "www.example.com", "192.0.2.1")); // the default speaks of what was asked for
}

TEST(RefusesAddress, AnEarlierAllowOfTheAddressHolds) {
  auto policy = make_policy(Action::Allow, {{"allow", "10.0.0.5", {}}, {"deny", "10.0.0.0/8", {}}});
  EXPECT_FALSE(refuses(policy, "db", "10.0.0.5"));
  EXPECT_TRUE(refuses(policy, "db", "10.0.0.6"));
  auto admin = make_policy(Action::Allow, {{"allow", "*", {"staff"}}, {"deny", "10.0.0.0/8", {}}});
  EXPECT_FALSE(refuses(admin, "db", "10.0.0.6"));
}

TEST(RefusesAddress, DenyingEverythingElseSpeaksOfNames) {
  auto policy = make_policy(Action::Allow,
                            {{"allow", "*.example.com", {}}, {"deny", "*", {}}, {"deny", "10.0.0.0/8", {}}});
  EXPECT_FALSE(refuses(policy, "www.example.com", "192.0.2.1"));
  EXPECT_TRUE(refuses(policy, "www.example.com", "10.0.0.1"));
}

TEST(RefusesAddress, PortsPrincipalsAndPatternsCount) {
  auto policy = make_policy(
      Action::Allow,
      {{"deny", "10.0.0.0/8:22", {}}, {"deny", "11.0.0.0/8", {"bob"}}, {"deny", "192.168.*", {}}});
  EXPECT_TRUE(refuses(policy, "h", "10.0.0.1", 22));
  EXPECT_FALSE(refuses(policy, "h", "10.0.0.1", 23));
  EXPECT_FALSE(refuses(policy, "h", "11.0.0.1"));
  EXPECT_TRUE(refuses(policy, "h", "192.168.1.1"));
}

TEST(RefusesAddress, LiteralsWereJudgedThemselves) {
  auto policy = make_policy(Action::Allow, {{"deny", "10.0.0.0/8", {}}});
  EXPECT_FALSE(refuses(policy, "10.0.0.1", "10.0.0.1"));
  EXPECT_TRUE(refuses(policy, "167772161", "10.0.0.1")); // inet_aton's number is a name to us
}

// What a login may ask for by its address it may also reach by a name, and no name gets around a denied
// address.
TEST(RefusesAddress, AgreesWithTheDecisionOnTheLiteral) {
  test::RandomRules random(1);
  unsigned refused = 0;
  for (int round = 0; round < 500; ++round) {
    config::Forwarding forwarding;
    for (int i = 0; i < 30; ++i) forwarding.rules.push_back(random.rule());
    ForwardingPolicy policy(forwarding);
    for (int i = 0; i < 20; ++i) {
      auto identity = random.identity();
      auto literal = config::make_destination(random.address(), 22);
      auto by_itself = policy.decide(identity, {}, Transport::Tcp, literal);
      bool refused_now =
          policy.refuses_address(identity, Transport::Tcp, make_destination("n", 22), *literal.address);
      refused += refused_now;
      if (by_itself.allowed) {
        ASSERT_FALSE(refused_now) << literal.host;
      } else if (by_itself.rule >= 0) {
        auto& target = forwarding.rules[static_cast<std::size_t>(by_itself.rule)].target;
        ASSERT_TRUE(refused_now || target.kind == config::Target::Kind::Any) << literal.host;
      }
    }
  }
  EXPECT_GT(refused, 500U);
}

} // namespace
} // namespace alk::listend::forwarding_policy_test
