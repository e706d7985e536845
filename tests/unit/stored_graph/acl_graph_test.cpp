#include "alknet-stored/graph/acl_graph.hpp"
#include "metagraph_world.hpp"

#include <gmock/gmock.h>

namespace alk::stored::acl_graph_test {

using testing::HasSubstr;

namespace {

class AclGraph : public MetagraphTest {
 protected:
  void SetUp() override {
    auto id = in<std::string>([&](Transaction& tables) { return ensure_acl_graph(tables, act_); });
    ASSERT_TRUE(id) << id.error().describe();
    acl_ = *id;
  }
  void account(const std::string& id, const std::string& status = "active") {
    ASSERT_TRUE(
        execute("INSERT INTO accounts (id, created_at, updated_at, email, status) VALUES (?1, 0, 0, ?1, ?2)",
                {id, status}));
  }
  void organization(const std::string& id, const std::string& owner) {
    ASSERT_TRUE(execute(
        "INSERT INTO organizations (id, created_at, updated_at, name, slug, owner_id) VALUES (?1, 0, 0, ?1, "
        "?1, ?2)",
        {id, owner}));
  }
  void member(const std::string& org, const std::string& account) {
    ASSERT_TRUE(execute(
        "INSERT INTO organization_members (id, created_at, updated_at, org_id, account_id, membership_level) "
        "VALUES (?1 || ?2, 0, 0, ?1, ?2, 'member')",
        {org, account}));
  }
  Result<Node> principal(const std::string& type, const std::string& id, const std::string& more = "") {
    return add_node(acl_, type + ':' + id, "principal",
                    R"({"identity_type":")" + type + R"(","identity_id":")" + id + '"' + more + '}');
  }
  Result<Node> resource(const std::string& type, const std::string& id) {
    return add_node(acl_, type + ':' + id, "resource",
                    R"({"resource_type":")" + type + R"(","resource_id":")" + id + "\"}");
  }
  Result<Edge> link(const std::string& source, const std::string& type, const std::string& target,
                    const std::string& attributes = "{}") {
    auto made = edge(source, target, type);
    made.attributes = attributes;
    return add_edge(acl_, made);
  }
  bool allowed(const std::string& principal, std::vector<std::string> scopes) {
    AccessSpec spec;
    spec.required_scopes = std::move(scopes);
    auto verdict = in<bool>([&](Transaction& tables) { return check_access(tables, principal, spec); });
    EXPECT_TRUE(verdict) << verdict.error().describe();
    return verdict.value_or(false);
  }

  std::string acl_;
};
ON_EVERY_ENGINE(AclGraph);

} // namespace

TEST_P(AclGraph, is_made_once) {
  EXPECT_EQ(in<std::string>([&](Transaction& tables) { return ensure_acl_graph(tables, act_); }).value(),
            acl_);
  EXPECT_EQ(rows("graph_types"), 1);
  EXPECT_EQ(rows("edge_types"), 5);
}

TEST_P(AclGraph, checks_access_over_roles_delegations_and_resources) {
  account("alice");
  account("bot");
  ASSERT_TRUE(principal("account", "alice"));
  ASSERT_TRUE(principal("service", "bot"));
  ASSERT_TRUE(principal("role", "deployer", R"(,"scopes":["deploy","read"])"));
  ASSERT_TRUE(resource("project", "7"));
  ASSERT_TRUE(link("account:alice", "belongs_to", "role:deployer"));
  ASSERT_TRUE(link("role:deployer", "can_write", "project:7"));
  auto delegated = link("account:alice", "delegates", "service:bot",
                        R"({"narrowed_scopes":["deploy"],"narrowed_resources":{"project:*":["write"]}})");
  ASSERT_TRUE(delegated) << delegated.error().describe();
  EXPECT_TRUE(allowed("account:alice", {"deploy", "read"}));
  EXPECT_TRUE(allowed("service:bot", {"deploy"}));
  EXPECT_FALSE(allowed("service:bot", {"read"}));
  AccessSpec spec;
  spec.resource_type = "project";
  spec.resource_id = "7";
  spec.resource_action = "write";
  EXPECT_TRUE(
      in<bool>([&](Transaction& tables) { return check_access(tables, "service:bot", spec); }).value());
  auto why =
      in<AclExplanation>([&](Transaction& tables) { return explain_access(tables, "service:bot", spec); });
  ASSERT_TRUE(why);
  ASSERT_EQ(why->findings.size(), 1U);
  EXPECT_EQ(why->findings[0].path.size(), 3U);
  EXPECT_EQ(why->findings[0].holder, "role:deployer");
  auto revision = number("SELECT value FROM counters WHERE name = 'revision'");
  ASSERT_TRUE(resource("project", "8"));
  EXPECT_GT(number("SELECT value FROM counters WHERE name = 'revision'"), revision);
  // Suspending alice takes it from the bot.
  ASSERT_TRUE(execute("UPDATE accounts SET status = 'suspended' WHERE id = 'alice'"));
  EXPECT_FALSE(allowed("service:bot", {"deploy"}));
  EXPECT_FALSE(allowed("account:alice", {"deploy"}));
  EXPECT_GT(events("acl:changed"), 0);
}

TEST_P(AclGraph, a_principal_without_its_account_has_nothing) {
  ASSERT_TRUE(principal("account", "ghost", R"(,"scopes":["a"])"));
  ASSERT_TRUE(principal("org", "ghost", R"(,"scopes":["a"])"));
  EXPECT_FALSE(allowed("account:ghost", {"a"}));
  EXPECT_FALSE(allowed("org:ghost", {"a"}));
  EXPECT_FALSE(allowed("account:nobody", {"a"}));
}

TEST_P(AclGraph, a_delegation_is_checked_when_it_is_made_and_when_it_is_changed) {
  for (auto id : {"a", "b", "c"}) {
    account(id);
    ASSERT_TRUE(principal("account", id, id == std::string("a") ? R"(,"scopes":["s"])" : ""));
  }
  EXPECT_REFUSED(link("account:a", "delegates", "account:b", R"({"narrowed_scopes":["s","t"]})"), Conflict,
                 "not all of the scopes");
  auto made = link("account:a", "delegates", "account:b", R"({"narrowed_scopes":["s"],"narrowable":false})");
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_REFUSED(link("account:b", "delegates", "account:c", R"({"narrowed_scopes":["s"]})"), Conflict,
                 "not narrowable");
  auto update = [&](const char* attributes) {
    return with_writer<Edge>(acl_,
                             [&](GraphWriter& writer) { return writer.update_edge(made->id, attributes); });
  };
  EXPECT_REFUSED(update(R"({"narrowed_scopes":["t"]})"), Conflict, "not all of the scopes");
  ASSERT_TRUE(update(R"({"narrowed_scopes":["s"]})"));
  ASSERT_TRUE(link("account:b", "delegates", "account:c", R"({"narrowed_scopes":["s"]})"));
  EXPECT_REFUSED(link("account:c", "delegates", "account:a", R"({"narrowed_scopes":[]})"), Conflict,
                 "circle");
  EXPECT_REFUSED(link("account:a", "belongs_to", "account:c"), Conflict, "circle");
  EXPECT_REFUSED(link("account:a", "delegates", "account:c", R"({"scopes":["s"]})"), Invalid,
                 "narrowed_scopes");
}

TEST_P(AclGraph, nodes_are_named_after_what_they_are) {
  EXPECT_REFUSED(add_node(acl_, "alice", "principal", R"({"identity_type":"account","identity_id":"alice"})"),
                 Invalid, "key");
  EXPECT_REFUSED(
      add_node(acl_, "org:alice", "principal", R"({"identity_type":"account","identity_id":"alice"})"),
      Invalid, "key");
  EXPECT_REFUSED(add_node(acl_, "p:8", "resource", R"({"resource_type":"p","resource_id":"7"})"), Invalid,
                 "key");
  EXPECT_REFUSED(principal("alien", "x"), Invalid, "/identity_type");
  ASSERT_TRUE(principal("role", "r"));
  EXPECT_REFUSED(with_writer<Node>(acl_,
                                   [&](GraphWriter& writer) {
                                     return writer.update_node(
                                         "role:r", R"({"identity_type":"role","identity_id":"other"})");
                                   }),
                 Invalid, "key");
}

TEST_P(AclGraph, memberships_follow_their_rows) {
  account("alice");
  account("bob");
  organization("acme", "bob");
  member("acme", "alice");
  auto derive = [&](const char* who) {
    return write([&](Transaction& tables) { return derive_membership(tables, act_, "acme", who); });
  };
  ASSERT_TRUE(derive("alice"));
  ASSERT_TRUE(derive("bob")); // no row, no edge
  EXPECT_EQ(rows("edges"), 1);
  ASSERT_TRUE(with_writer<Node>(acl_, [&](GraphWriter& writer) {
    return writer.update_node("org:acme",
                              R"({"identity_type":"org","identity_id":"acme","scopes":["team"]})");
  }));
  EXPECT_TRUE(allowed("account:alice", {"team"}));
  ASSERT_TRUE(execute("DELETE FROM organization_members"));
  ASSERT_TRUE(derive("alice"));
  EXPECT_FALSE(allowed("account:alice", {"team"}));
  EXPECT_EQ(rows("edges"), 0);
  EXPECT_REFUSED(link("account:alice", "belongs_to", "org:acme"), Conflict, "members");
}

TEST_P(AclGraph, the_repair_pass_makes_edges_what_the_rows_say) {
  account("alice");
  account("bob");
  organization("acme", "bob");
  organization("other", "bob");
  member("acme", "alice");
  member("acme", "bob");
  member("other", "bob");
  auto repair = [&] {
    return in<std::size_t>([&](Transaction& tables) { return derive_memberships(tables, act_, schemas_); });
  };
  EXPECT_EQ(repair().value(), 3U);
  EXPECT_EQ(repair().value(), 0U);
  ASSERT_TRUE(execute("DELETE FROM organization_members WHERE org_id = 'acme' AND account_id = 'bob'"));
  EXPECT_EQ(repair().value(), 1U);
  EXPECT_EQ(rows("edges"), 2);
}

TEST_P(AclGraph, a_membership_that_would_close_a_circle_is_refused_and_left_out_by_the_repair) {
  account("alice");
  organization("acme", "alice");
  ASSERT_TRUE(principal("account", "alice", R"(,"scopes":["s"])"));
  ASSERT_TRUE(principal("org", "acme"));
  ASSERT_TRUE(principal("role", "r"));
  ASSERT_TRUE(link("account:alice", "delegates", "role:r", R"({"narrowed_scopes":["s"]})"));
  ASSERT_TRUE(link("role:r", "delegates", "org:acme", R"({"narrowed_scopes":["s"]})"));
  member("acme", "alice");
  EXPECT_REFUSED(write([&](Transaction& tables) { return derive_membership(tables, act_, "acme", "alice"); }),
                 Conflict, "circle");
  EXPECT_EQ(in<std::size_t>([&](Transaction& tables) {
              return derive_memberships(tables, act_, schemas_);
            }).value(),
            0U);
}

TEST_P(AclGraph, the_members_of_an_organisation_cost_a_check_nothing) {
  account("alice");
  organization("acme", "alice");
  ASSERT_TRUE(principal("org", "acme", R"(,"scopes":["team"])"));
  ASSERT_TRUE(write([&](Transaction& tables) -> Result<void> {
    for (int i = 0; i < 200; ++i) {
      auto id = "m" + std::to_string(i);
      ALK_TRY_VOID(tables.execute(
          "INSERT INTO accounts (id, created_at, updated_at, email) VALUES (?1, 0, 0, ?1)", {id}));
      ALK_TRY_VOID(
          tables.execute("INSERT INTO organization_members (id, created_at, updated_at, org_id, account_id, "
                         "membership_level) VALUES (?1, 0, 0, 'acme', ?1, 'member')",
                         {id}));
    }
    ALK_TRY_VOID(derive_memberships(tables, act_, schemas_));
    AclTables source(tables, acl_);
    ALK_TRY(auto edges, source.edges("org:acme", 10'000));
    EXPECT_TRUE(edges.empty());
    AclCheck check(source);
    ALK_TRY(auto grants, check.effective("account:m7"));
    EXPECT_TRUE(grants.scopes.contains("team"));
    EXPECT_EQ(check.edges_visited(), 1U);
    return {};
  }));
}
} // namespace alk::stored::acl_graph_test
