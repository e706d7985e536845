// What administrators do to types, graphs and access, in one step each.
#include "alknet-stored/accounts.hpp"
#include "alknet-stored/audit.hpp"
#include "alknet-stored/graph/acl_admin.hpp"
#include "alknet-stored/graph/graph_admin.hpp"
#include "metagraph_world.hpp"

namespace alk::stored::admin_test {
namespace {

constexpr const char* type_json = R"({"name":"t","config":{"graph_type":"directed"},
  "node_types":[{"name":"n","schema":{"properties":{"size":{"type":"integer"}}}}],
  "edge_types":[{"name":"e","allowed_source_types":["n"]}]})";

class Administration : public MetagraphTest {
 protected:
  Result<GraphType> put_type(const std::string& json) {
    return in<GraphType>([&](Transaction& tables) { return put_graph_type(tables, act_, json); });
  }
  Result<Graph> make(const std::string& name) {
    return in<Graph>([&](Transaction& tables) {
      Graph graph;
      graph.graph_type_id = "t";
      graph.name = name;
      return stored::make_graph(tables, act_, graph);
    });
  }
  void account(const char* email) {
    auto made = in<Account>([&](Transaction& tables) {
      return create_account(tables, act_, {email, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
    });
    ASSERT_TRUE(made) << made.error().describe();
  }
  Result<Grants> grant(const char* principal, Grants more) {
    return in<Grants>(
        [&](Transaction& tables) { return grant_access(tables, act_, schemas_, principal, more); });
  }
  Result<Grants> revoke(const char* principal, Grants less) {
    return in<Grants>(
        [&](Transaction& tables) { return revoke_access(tables, act_, schemas_, principal, less); });
  }
  std::string last_action() { return text("SELECT action FROM audit_logs ORDER BY sequence DESC LIMIT 1"); }
};
ON_EVERY_ENGINE(Administration);

} // namespace

TEST_P(Administration, a_type_comes_back_as_it_was_put) {
  auto made = put_type(type_json);
  ASSERT_TRUE(made) << made.error().describe();
  auto shown = in<std::string>([&](Transaction& tables) { return graph_type_json(tables, "t"); });
  ASSERT_TRUE(shown);
  auto again = put_type(*shown);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->version, made->version); // nothing of it is new
  EXPECT_EQ(rows("node_types"), 1);
}

TEST_P(Administration, a_type_that_makes_no_sense_changes_nothing) {
  EXPECT_REFUSED(put_type(R"({"name":"t"})"), Invalid, "/config");
  EXPECT_REFUSED(put_type(R"({"name":"t","config":{"graph_type":"directed"},"x":1})"), Invalid, "/x");
  EXPECT_REFUSED(
      put_type(
          R"({"name":"t","config":{"graph_type":"directed"},"node_types":[{"name":"n","schema":{"type":7}}]})"),
      Invalid, "/node_types/0: schema");
  EXPECT_REFUSED(put_type(R"({"name":"acl","config":{"graph_type":"directed"}})"), Conflict, "/name");
  EXPECT_EQ(rows("graph_types"), 0);
}

TEST_P(Administration, a_graph_is_named_by_its_name_while_it_is_the_only_one) {
  ASSERT_TRUE(put_type(type_json));
  auto first = make("g");
  ASSERT_TRUE(first);
  auto find = [&](const std::string& name) {
    return in<Graph>([&](Transaction& tables) { return require_graph(tables, name); });
  };
  EXPECT_EQ(find("g")->id, first->id);
  ASSERT_TRUE(make("g"));
  EXPECT_REFUSED(find("g"), Conflict, "several graphs");
  EXPECT_EQ(find(first->id)->id, first->id);
}

TEST_P(Administration, grants_are_added_taken_and_in_the_log) {
  account("ada@example.org");
  auto has = grant("ada@example.org", {{"a:b", "c:d"}, {{"project:7", {"read", "write"}}}});
  ASSERT_TRUE(has) << has.error().describe();
  EXPECT_EQ(last_action(), "acl.node-added");
  has = revoke("ada@example.org", {{"a:b"}, {{"project:7", {"read"}}}});
  ASSERT_TRUE(has);
  EXPECT_EQ(*has, (Grants{{"c:d"}, {{"project:7", {"write"}}}}));
  EXPECT_EQ(last_action(), "acl.node-changed");
  EXPECT_REFUSED(revoke("ada@example.org", {{"a:b"}, {}}), NotFound, "scope");
  EXPECT_REFUSED(revoke("ada@example.org", {{}, {{"project:8", {"read"}}}}), NotFound, "resource");
  EXPECT_REFUSED(grant("bob@example.org", {{"a:b"}, {}}), NotFound, "account");
  EXPECT_REFUSED(grant("team:x", {{"a:b"}, {}}), Invalid, "principal");
  EXPECT_REFUSED(grant("role:", {{"a:b"}, {}}), Invalid, "role");
}

TEST_P(Administration, what_an_account_has_as_a_person_and_as_a_service_comes_together) {
  account("bot@example.org");
  ASSERT_TRUE(grant("bot@example.org", {{"a:b"}, {}}));
  ASSERT_TRUE(grant("service:bot@example.org", {{"c:d"}, {}}));
  const std::string id = text("SELECT id FROM accounts");
  auto has = in<Grants>([&](Transaction& tables) { return account_grants(tables, id); });
  ASSERT_TRUE(has);
  EXPECT_EQ(has->scopes, (Scopes{"a:b", "c:d"}));
}

TEST_P(Administration, the_access_control_graph_stays) {
  ASSERT_TRUE(grant("role:x", {{"a:b"}, {}}));
  EXPECT_REFUSED(in<bool>([&](Transaction& tables) -> Result<bool> {
                   ALK_TRY_VOID(drop_graph(tables, act_, "acl"));
                   return true;
                 }),
                 Conflict, "stays");
  EXPECT_REFUSED(
      in<Graph>([&](Transaction& tables) { return replace_graph(tables, act_, schemas_, "acl", "{}"); }),
      Conflict, "stays");
  EXPECT_EQ(rows("nodes"), 1);
}
} // namespace alk::stored::admin_test
