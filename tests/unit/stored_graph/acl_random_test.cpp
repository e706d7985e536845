// Random graphs, from fixed seeds: the check against the plainest thing that could be meant, and what must
// always hold.
#include "acl_world.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace alk::stored::acl_random_test {
namespace {

class RandomWorld : public AclWorld {
 public:
  explicit RandomWorld(unsigned seed, bool circles) : random_(seed) {
    int size = 2 + pick(9);
    for (int i = 0; i < size; ++i) add(name(i), some_scopes(), some_resources()).active = pick(8) != 0;
    for (int i = pick(3 * size); i > 0; --i) add_random_edge(pick(size), pick(size), circles);
  }

  static std::string name(int i) { return "p" + std::to_string(i); }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(std::max(below, 1))); }
  Scopes some_scopes() {
    Scopes scopes;
    for (auto scope : {"a", "b", "c", "d"})
      if (pick(3) == 0) scopes.insert(scope);
    return scopes;
  }
  ResourceMap some_resources() {
    ResourceMap resources;
    for (auto key : {"x:1", "x:2", "x:*", "y:1", "y:*"})
      for (auto action : {"read", "write"})
        if (pick(6) == 0) resources[key].insert(action);
    return resources;
  }
  // Without circles, what a principal has depends on those with lower numbers alone.
  void add_random_edge(int low, int high, bool circles) {
    if (!circles && low == high) return;
    if (!circles && low > high) std::swap(low, high);
    if (pick(4) == 0) {
      can(pick(2) == 0 ? AclEdge::Kind::CanRead : AclEdge::Kind::CanExecute, name(high),
          pick(2) == 0 ? "x:1" : "y:2");
    } else if (pick(2) == 0) {
      belongs(name(high), name(low));
    } else {
      auto resources = some_resources();
      delegates(name(low), name(high), some_scopes(), pick(3) == 0 ? std::nullopt : std::optional(resources));
    }
  }
  std::mt19937 random_;
};

// Everybody starts with nothing; the rule is applied to all until nothing changes.
std::map<std::string, Grants> naive(const AclWorld& world) {
  std::map<std::string, Grants> all, before;
  for (const auto& entry : world.principals) all[entry.first];
  do {
    before = all;
    for (const auto& [key, principal] : world.principals)
      if (principal.active) all[key].add(principal.own);
    for (const auto& edge : world.all) {
      const auto& taker = edge.kind == AclEdge::Kind::Delegates ? edge.target : edge.source;
      if (!world.principals.at(taker).active) continue;
      Grants given;
      if (edge.kind == AclEdge::Kind::BelongsTo) given = before[edge.target];
      if (edge.kind == AclEdge::Kind::CanRead) given.resources[edge.target].insert("read");
      if (edge.kind == AclEdge::Kind::CanExecute) given.resources[edge.target].insert("execute");
      if (edge.kind == AclEdge::Kind::Delegates) {
        given.scopes = intersection(edge.narrowed_scopes, before[edge.source].scopes);
        if (edge.narrowed_resources)
          given.resources = intersection(*edge.narrowed_resources, before[edge.source].resources);
      }
      all[taker].add(given);
    }
  } while (all != before);
  return all;
}

// The same authority: around a circle a resource may be named once more, below one that covers it.
bool same(const Grants& a, const Grants& b) {
  return a.contains(b) && b.contains(a);
}

void compare_with_naive(bool circles, unsigned seeds) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    RandomWorld world(seed, circles);
    auto expected = naive(world);
    AclCheck shared(world);
    for (const auto& entry : world.principals) {
      auto alone = AclCheck(world).effective(entry.first);
      ASSERT_TRUE(alone) << alone.error().what;
      EXPECT_TRUE(same(*alone, expected[entry.first])) << "seed " << seed << ", " << entry.first;
      auto together = shared.effective(entry.first);
      ASSERT_TRUE(together) << together.error().what;
      EXPECT_TRUE(same(*together, expected[entry.first])) << "seed " << seed << ", " << entry.first;
    }
  }
}

} // namespace

TEST(AclRandom, agrees_with_the_plain_rule) {
  compare_with_naive(false, 400);
}

TEST(AclRandom, agrees_with_the_plain_rule_also_where_there_are_circles) {
  compare_with_naive(true, 150);
}

TEST(AclRandom, a_delegate_never_has_more_than_its_delegators_have) {
  int delegates = 0;
  for (unsigned seed = 5000; seed < 5400; ++seed) {
    RandomWorld world(seed, false);
    auto everything = naive(world);
    for (auto& [key, principal] : world.principals) {
      Grants givers;
      bool only_delegated = true;
      for (const auto& edge : world.all) {
        if (edge.kind == AclEdge::Kind::Delegates && edge.target == key) givers.add(everything[edge.source]);
        if (edge.kind != AclEdge::Kind::Delegates && edge.source == key) only_delegated = false;
      }
      if (!only_delegated || givers.scopes.empty()) continue;
      principal.own = {};
      auto grants = AclCheck(world).effective(key);
      ASSERT_TRUE(grants);
      EXPECT_TRUE(givers.contains(*grants)) << "seed " << seed << ", " << key;
      delegates += grants->scopes.empty() ? 0 : 1;
      break;
    }
  }
  EXPECT_GT(delegates, 20); // there was something to look at
}

TEST(AclRandom, an_explanation_says_what_the_check_says_and_its_paths_hold) {
  for (unsigned seed = 9000; seed < 9200; ++seed) {
    RandomWorld world(seed, seed % 2 == 0);
    for (const auto& entry : world.principals) {
      AccessSpec spec;
      spec.required_scopes = {"a", "b"};
      spec.resource_type = "x";
      if (seed % 3 == 0) spec.resource_id = "1";
      if (seed % 5 == 0) spec.resource_action = "read";
      auto verdict = AclCheck(world).allows(entry.first, spec);
      auto why = explain_access(world, entry.first, spec);
      ASSERT_TRUE(verdict && why);
      EXPECT_EQ(why->granted, *verdict);
      for (const auto& finding : why->findings) {
        EXPECT_TRUE(!finding.granted || !finding.holder.empty()) << "seed " << seed << ", " << finding.asked;
        EXPECT_TRUE(finding.granted || finding.holder.empty() || finding.cut || !finding.inactive.empty())
            << "seed " << seed << ", " << entry.first << ": " << finding.asked;
        EXPECT_FALSE(finding.granted && (finding.cut || !finding.inactive.empty()));
      }
    }
  }
}
} // namespace alk::stored::acl_random_test
