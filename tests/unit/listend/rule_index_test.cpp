// The index against the plain definition: the first rule, in file order, whose three conditions hold.
#include "random_rules.hpp"
#include "rule_index.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace alk::listend::rule_index_test {

using config::Rule;

namespace {

bool concerns(const Rule& rule, const Identity& identity) {
  auto& who = rule.principals;
  return who.empty() || std::any_of(who.begin(), who.end(), [&](const std::string& entry) {
           return entry == "*" || entry == identity.id ||
                  std::find(identity.scopes.begin(), identity.scopes.end(), entry) != identity.scopes.end();
         });
}

bool concerns(const Rule& rule, config::Transport transport) {
  auto& which = rule.transports;
  return which.empty() || std::find(which.begin(), which.end(), transport) != which.end();
}

std::optional<std::size_t> scan(const std::vector<Rule>& rules, const Identity& identity,
                                config::Transport transport, const config::Destination& to,
                                RuleIndex::View view) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    bool deny_all =
        rules[i].target.kind == config::Target::Kind::Any && rules[i].action == config::Action::Deny;
    if (view == RuleIndex::View::Address && deny_all) continue;
    if (rules[i].target.matches(to) && concerns(rules[i], identity) && concerns(rules[i], transport))
      return i;
  }
  return std::nullopt;
}

std::string describe(const std::vector<Rule>& rules, const config::Destination& to) {
  auto text = to.host + ":" + std::to_string(to.port) + " in";
  for (auto& rule : rules) text += "\n  " + rule.text;
  return text;
}

void compare_some(unsigned seed, std::size_t rule_count, unsigned questions, unsigned& hits) {
  test::RandomRules random(seed);
  std::vector<Rule> rules;
  while (rules.size() < rule_count) rules.push_back(random.rule());
  RuleIndex index(rules);
  for (unsigned i = 0; i < questions; ++i) {
    auto to = random.destination();
    auto identity = random.identity();
    auto transport = random.transport();
    for (auto view : {RuleIndex::View::Request, RuleIndex::View::Address}) {
      auto plain = scan(rules, identity, transport, to, view);
      hits += plain.has_value();
      // A reserved name has no address view: it is never resolved.
      if (to.reserved && view == RuleIndex::View::Address) continue;
      ASSERT_EQ(index.find_first(identity, transport, to, view), plain)
          << seed << ": " << describe(rules, to);
    }
  }
}

TEST(RuleIndex, EqualsThePlainScan) {
  unsigned hits = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) compare_some(seed, seed % 40, 20, hits);
  compare_some(77, 5000, 500, hits);
  EXPECT_GT(hits, 20'000U); // the comparison is about matches, not about misses
}

TEST(RuleIndex, NoRules) {
  RuleIndex index({});
  EXPECT_FALSE(index.find_first({}, config::Transport::Tcp, config::make_destination("h", 1)));
  EXPECT_FALSE(index.speaks_of_reserved());
}

} // namespace
} // namespace alk::listend::rule_index_test
