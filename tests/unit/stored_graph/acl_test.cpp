#include "acl_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::stored::acl_test {

using testing::ElementsAre;
using testing::HasSubstr;

namespace {

Grants effective(AclWorld& world, const std::string& key) {
  auto grants = AclCheck(world).effective(key);
  EXPECT_TRUE(grants) << grants.error().what;
  return grants.value_or(Grants{});
}

AccessSpec scopes(std::vector<std::string> all, std::vector<std::string> any = {}) {
  AccessSpec spec;
  spec.required_scopes = std::move(all);
  spec.required_scopes_any = std::move(any);
  return spec;
}

AccessSpec resource(std::string type, std::optional<std::string> id, std::optional<std::string> action) {
  AccessSpec spec;
  spec.resource_type = std::move(type);
  spec.resource_id = std::move(id);
  spec.resource_action = std::move(action);
  return spec;
}

bool allows(AclWorld& world, const std::string& key, const AccessSpec& spec) {
  auto verdict = AclCheck(world).allows(key, spec);
  EXPECT_TRUE(verdict) << verdict.error().what;
  return verdict.value_or(false);
}

AclEdge new_edge(AclEdge::Kind kind, std::string source, std::string target, Scopes narrowed = {}) {
  AclEdge edge;
  edge.kind = kind;
  edge.source = std::move(source);
  edge.target = std::move(target);
  edge.narrowed_scopes = std::move(narrowed);
  return edge;
}

} // namespace

TEST(Grants, resources_are_cut_to_what_both_have) {
  EXPECT_EQ(intersection(ResourceMap{{"p:*", {"read", "write"}}},
                         ResourceMap{{"p:7", {"read"}}, {"q:7", {"read"}}}),
            (ResourceMap{{"p:7", {"read"}}}));
  EXPECT_EQ(intersection(ResourceMap{{"p:7", {"read"}}}, ResourceMap{{"p:*", {"read", "write"}}}),
            (ResourceMap{{"p:7", {"read"}}}));
  EXPECT_EQ(intersection(ResourceMap{{"p:*", {"read"}}}, ResourceMap{{"p:*", {"read", "write"}}}),
            (ResourceMap{{"p:*", {"read"}}}));
  EXPECT_EQ(intersection(ResourceMap{{"p:7", {"read"}}}, ResourceMap{{"p:7", {"write"}}, {"p:77", {"read"}}}),
            ResourceMap{});
  EXPECT_EQ(intersection(ResourceMap{{"p:7", {"read", "write"}}},
                         ResourceMap{{"p:*", {"read"}}, {"p:7", {"write"}}}),
            (ResourceMap{{"p:7", {"read", "write"}}}));
}

TEST(Grants, a_spec_is_met_as_a_whole) {
  Grants grants{{"a", "b"}, {{"p:7", {"read"}}, {"q:*", {"write"}}}};
  EXPECT_TRUE(satisfies(grants, {}));
  EXPECT_TRUE(satisfies(grants, scopes({"a", "b"}, {"x", "b"})));
  EXPECT_FALSE(satisfies(grants, scopes({"a", "c"})));
  EXPECT_FALSE(satisfies(grants, scopes({}, {"x"})));
  EXPECT_FALSE(satisfies(grants, scopes({"A"})));
  EXPECT_TRUE(satisfies(grants, resource("p", {}, {})));
  EXPECT_TRUE(satisfies(grants, resource("p", "7", "read")));
  EXPECT_FALSE(satisfies(grants, resource("p", "8", "read")));
  EXPECT_FALSE(satisfies(grants, resource("p", "7", "write")));
  EXPECT_TRUE(satisfies(grants, resource("q", "anything", "write")));
  EXPECT_FALSE(satisfies(grants, resource("r", {}, {})));
  EXPECT_FALSE(check_spec(AccessSpec{{}, {}, {}, {}, "read"}));
}

TEST(Acl, own_scopes_memberships_and_edges_to_resources_add_up) {
  AclWorld world;
  world.add("alice", {"own"}, {{"host:h", {"login"}}});
  world.add("team", {"team"});
  world.add("company", {"company"});
  world.belongs("alice", "team");
  world.belongs("team", "company");
  world.can(AclEdge::Kind::CanRead, "team", "project:7");
  world.can(AclEdge::Kind::CanWrite, "alice", "project:7");
  world.can(AclEdge::Kind::CanExecute, "company", "job:1");
  EXPECT_EQ(effective(world, "alice"),
            (Grants{{"own", "team", "company"},
                    {{"host:h", {"login"}}, {"project:7", {"read", "write"}}, {"job:1", {"execute"}}}}));
  EXPECT_EQ(effective(world, "company").scopes, (Scopes{"company"})); // nothing flows down
}

TEST(Acl, a_delegation_is_narrowed_and_follows_its_delegator) {
  AclWorld world;
  world.add("alice", {"a", "b", "c"}, {{"p:*", {"read", "write"}}});
  world.add("bot");
  world.delegates("alice", "bot", {"a", "z"}, ResourceMap{{"p:7", {"read", "execute"}}});
  EXPECT_EQ(effective(world, "bot"), (Grants{{"a"}, {{"p:7", {"read"}}}}));
  world.principals["alice"].own.scopes.erase("a");
  EXPECT_EQ(effective(world, "bot").scopes, Scopes{});
  world.principals["alice"].active = false;
  EXPECT_EQ(effective(world, "bot"), Grants{});
}

TEST(Acl, without_narrowed_resources_no_resource_passes) {
  AclWorld world;
  world.add("alice", {"a"}, {{"p:7", {"read"}}});
  world.add("bot");
  world.delegates("alice", "bot", {"a"});
  EXPECT_EQ(effective(world, "bot"), (Grants{{"a"}, {}}));
}

TEST(Acl, inactive_and_unknown_principals_have_nothing) {
  AclWorld world;
  world.add("alice", {"a"}).active = false;
  world.add("bob", {"b"});
  world.add("team", {"t"}).active = false;
  world.belongs("bob", "team");
  world.belongs("alice", "nobody");
  EXPECT_EQ(effective(world, "alice"), Grants{});
  EXPECT_EQ(effective(world, "nobody"), Grants{});
  EXPECT_EQ(effective(world, "bob").scopes, (Scopes{"b"}));
  EXPECT_FALSE(allows(world, "alice", scopes({"a"})));
}

TEST(Acl, a_circle_in_damaged_data_ends_and_gives_each_what_reaches_it) {
  AclWorld world;
  world.add("a", {"sa"});
  world.add("b", {"sb"});
  world.add("c", {"sc"});
  world.belongs("a", "b");
  world.belongs("b", "c");
  world.belongs("c", "a");
  world.belongs("a", "a");
  for (auto key : {"a", "b", "c"}) EXPECT_EQ(effective(world, key).scopes, (Scopes{"sa", "sb", "sc"})) << key;
  AclCheck one(world); // also when one check asks for all of them
  for (auto key : {"b", "c", "a"}) EXPECT_EQ(one.effective(key)->scopes, (Scopes{"sa", "sb", "sc"})) << key;
}

TEST(Acl, depth_is_bounded) {
  AclWorld world;
  world.add("p0", {"top"});
  for (int i = 1; i <= max_acl_depth + 1; ++i) {
    world.add("p" + std::to_string(i));
    world.belongs("p" + std::to_string(i), "p" + std::to_string(i - 1));
  }
  EXPECT_TRUE(allows(world, "p" + std::to_string(max_acl_depth), scopes({"top"})));
  auto verdict = AclCheck(world).allows("p" + std::to_string(max_acl_depth + 1), scopes({"top"}));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind, Kind::Busy);
}

// All edges of one principal at once, which is linear to look at.
class WideSource : public AclSource {
 public:
  explicit WideSource(std::size_t size) : size_(size) {}
  Result<std::optional<AclPrincipal>> principal(const std::string& key) override {
    return std::optional(AclPrincipal{true, {key == "p" ? Scopes{} : Scopes{"s"}, {}}});
  }
  Result<std::vector<AclEdge>> edges(const std::string& key, std::size_t limit) override {
    std::vector<AclEdge> result;
    for (std::size_t i = 0; key == "p" && i < std::min(size_, limit); ++i)
      result.push_back(new_edge(AclEdge::Kind::BelongsTo, "p", "g" + std::to_string(i)));
    asked = limit;
    return result;
  }
  Result<std::vector<AclEdge>> givers(const std::string& key, std::size_t limit) override {
    return edges(key, limit);
  }
  std::size_t asked = 0;

 private:
  std::size_t size_;
};

TEST(Acl, edges_visited_are_bounded) {
  WideSource just(max_acl_edges), more(max_acl_edges + 1);
  EXPECT_TRUE(AclCheck(just).allows("p", scopes({"s"})).value_or(false));
  auto verdict = AclCheck(more).allows("p", scopes({"s"}));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind, Kind::Busy);
  EXPECT_LE(more.asked, max_acl_edges + 1); // no more is ever loaded
}

TEST(Acl, what_is_shared_is_computed_once) {
  AclWorld world; // 2^20 ways from bottom to top
  world.add("l0", {"s"});
  for (int i = 1; i <= 20; ++i) {
    auto name = "l" + std::to_string(i), above = "l" + std::to_string(i - 1);
    for (auto side : {"a", "b"}) {
      world.add(name + side);
      world.belongs(name + side, above);
    }
    world.add(name);
    world.belongs(name, name + "a");
    world.belongs(name, name + "b");
    if (i == 10) break; // depth counts too
  }
  AclCheck check(world);
  EXPECT_TRUE(check.allows("l10", scopes({"s"})).value_or(false));
  EXPECT_EQ(check.edges_visited(), 40U);
}

TEST(Acl, a_new_edge_may_not_close_a_circle) {
  AclWorld world;
  for (auto key : {"a", "b", "c"}) world.add(key, {"s"});
  world.belongs("a", "b");
  world.delegates("c", "b", {"s"});
  for (const auto& edge :
       {new_edge(AclEdge::Kind::BelongsTo, "b", "a"), new_edge(AclEdge::Kind::BelongsTo, "c", "a"),
        new_edge(AclEdge::Kind::Delegates, "a", "c"), new_edge(AclEdge::Kind::Delegates, "a", "a")}) {
    auto verdict = check_new_edge(world, edge);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().kind, Kind::Conflict);
    EXPECT_THAT(verdict.error().what, HasSubstr("circle"));
  }
  EXPECT_TRUE(check_new_edge(world, new_edge(AclEdge::Kind::BelongsTo, "a", "c")));
  EXPECT_TRUE(check_new_edge(world, new_edge(AclEdge::Kind::CanRead, "a", "p:7")));
}

TEST(Acl, nobody_delegates_what_he_has_not_or_may_not_pass_on) {
  AclWorld world;
  world.add("alice", {"a"});
  world.add("bob");
  world.add("carol");
  EXPECT_FALSE(check_new_edge(world, new_edge(AclEdge::Kind::Delegates, "alice", "bob", {"a", "b"})));
  EXPECT_TRUE(check_new_edge(world, new_edge(AclEdge::Kind::Delegates, "alice", "bob", {"a"})));
  world.delegates("alice", "bob", {"a"});
  EXPECT_TRUE(check_new_edge(world, new_edge(AclEdge::Kind::Delegates, "bob", "carol", {"a"})));
  world.all.back().narrowable = false;
  auto verdict = check_new_edge(world, new_edge(AclEdge::Kind::Delegates, "bob", "carol", {"a"}));
  ASSERT_FALSE(verdict);
  EXPECT_THAT(verdict.error().what, HasSubstr("not narrowable"));
}

TEST(AclExplain, prints_the_path_that_granted) {
  AclWorld world;
  world.add("bot");
  world.add("alice");
  world.add("team", {"deploy"});
  world.belongs("alice", "team");
  world.delegates("alice", "bot", {"deploy"}, ResourceMap{{"p:*", {"read"}}});
  world.can(AclEdge::Kind::CanRead, "team", "p:7");
  auto spec = resource("p", "7", "read");
  spec.required_scopes_any = {"other", "deploy"};
  auto why = explain_access(world, "bot", spec);
  ASSERT_TRUE(why);
  EXPECT_TRUE(why->granted);
  ASSERT_EQ(why->findings.size(), 2U);
  EXPECT_EQ(why->findings[0].asked, "scope deploy");
  EXPECT_EQ(why->findings[0].holder, "team");
  ASSERT_EQ(why->findings[0].path.size(), 2U);
  EXPECT_EQ(why->findings[0].path[0].kind, AclEdge::Kind::Delegates);
  EXPECT_EQ(why->findings[0].path[1].kind, AclEdge::Kind::BelongsTo);
  EXPECT_EQ(why->findings[1].asked, "resource p:7 read");
  ASSERT_EQ(why->findings[1].path.size(), 3U);
  EXPECT_EQ(why->findings[1].path[2].kind, AclEdge::Kind::CanRead);
}

TEST(AclExplain, names_the_edge_that_cut) {
  AclWorld world;
  world.add("bot");
  world.add("helper");
  world.add("alice", {"a", "b"}, {{"p:1", {"read"}}});
  world.delegates("alice", "helper", {"a", "b"}, ResourceMap{{"p:*", {"read"}}});
  world.delegates("helper", "bot", {"a"});
  auto why = explain_access(world, "bot", scopes({"a", "b", "c"}));
  ASSERT_TRUE(why);
  EXPECT_FALSE(why->granted);
  ASSERT_EQ(why->findings.size(), 3U);
  EXPECT_TRUE(why->findings[0].granted);
  EXPECT_FALSE(why->findings[1].granted);
  EXPECT_EQ(why->findings[1].holder, "alice");
  ASSERT_TRUE(why->findings[1].cut);
  EXPECT_EQ(why->findings[1].cut->source, "helper");
  EXPECT_EQ(why->findings[2].holder, ""); // nobody has it
  auto resources = explain_access(world, "bot", resource("p", {}, {}));
  ASSERT_TRUE(resources);
  ASSERT_TRUE(resources->findings[0].cut);
  EXPECT_EQ(resources->findings[0].cut->source, "helper");
}

TEST(AclExplain, names_the_principal_that_is_not_active) {
  AclWorld world;
  world.add("bot");
  world.add("alice", {"a"}).active = false;
  world.delegates("alice", "bot", {"a"});
  auto why = explain_access(world, "bot", scopes({"a"}));
  ASSERT_TRUE(why);
  EXPECT_EQ(why->findings[0].inactive, "alice");
  EXPECT_EQ(explain_access(world, "alice", scopes({"a"}))->findings[0].inactive, "alice");
}
} // namespace alk::stored::acl_test
