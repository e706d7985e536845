#include "alknet-stored/graph/acl_graph.hpp"

#include "alknet-stored/graph/json_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace alk::stored {
namespace {

constexpr const char* scopes_schema = R"("type":"array","uniqueItems":true,"maxItems":1000,)"
                                      R"("items":{"type":"string","minLength":1,"maxLength":200})";
constexpr const char* resources_schema =
    R"("type":"object","maxProperties":1000,"propertyNames":{"pattern":"^[^:]+:."},)"
    R"("additionalProperties":{"type":"array","items":{"type":"string","minLength":1}})";

std::string principal_schema() {
  return std::string(
             R"({"type":"object","required":["identity_type","identity_id"],"additionalProperties":false,)"
             R"("properties":{"identity_type":{"enum":["account","org","service","role"]},)"
             R"("identity_id":{"type":"string","minLength":1,"maxLength":200},"scopes":{)") +
         scopes_schema + R"(},"resources":{)" + resources_schema + "}}}";
}

std::string delegates_schema() {
  return std::string(
             R"({"type":"object","required":["narrowed_scopes"],"additionalProperties":false,"properties":)"
             R"({"narrowable":{"type":"boolean"},"narrowed_scopes":{)") +
         scopes_schema + R"(},"narrowed_resources":{)" + resources_schema + "}}}";
}

constexpr const char* resource_schema =
    R"({"type":"object","required":["resource_type","resource_id"],"properties":{)"
    R"("resource_type":{"type":"string","minLength":1,"pattern":"^[^:]+$"},"resource_id":{"type":"string","minLength":1}}})";
constexpr const char* plain_edge_schema = R"({"type":"object","maxProperties":0})";

constexpr std::array kinds = {AclEdge::Kind::CanRead, AclEdge::Kind::CanWrite, AclEdge::Kind::CanExecute,
                              AclEdge::Kind::BelongsTo, AclEdge::Kind::Delegates};

std::optional<AclEdge::Kind> kind_of(std::string_view name) {
  for (auto kind : kinds)
    if (edge_name(kind) == name) return kind;
  return std::nullopt;
}

// Without parsing: checks read many edges.
std::optional<AclEdge::Kind> kind_in(std::string_view attributes) {
  constexpr std::string_view before = "{\"edge_type\":\"";
  if (!attributes.starts_with(before)) return std::nullopt;
  attributes.remove_prefix(before.size());
  return kind_of(attributes.substr(0, attributes.find('"')));
}

Result<AclEdge> edge_of(AclEdge::Kind kind, std::string source, std::string target,
                        std::string_view attributes) {
  AclEdge edge;
  edge.kind = kind;
  edge.source = std::move(source);
  edge.target = std::move(target);
  if (kind != AclEdge::Kind::Delegates) return edge;
  ALK_TRY(edge.narrowed_scopes, json_scopes(attributes, "narrowed_scopes", max_value));
  ALK_TRY(edge.narrowed_resources, json_resources(attributes, "narrowed_resources", max_value));
  ALK_TRY(auto narrowable, json_bool(attributes, "narrowable", max_value));
  edge.narrowable = narrowable.value_or(true);
  return edge;
}

std::string organization_of(const std::string& key) {
  return key.substr(std::string_view("org:").size());
}

std::string account_of(const std::string& key) {
  return key.substr(std::string_view("account:").size());
}

Result<bool> is_active(Transaction& tables, const std::string& identity_type, const std::string& id) {
  if (identity_type == "role") return true;
  auto sql = identity_type == "org" ? "SELECT id FROM organizations WHERE id = ?1"
                                    : "SELECT id FROM accounts WHERE id = ?1 AND status = 'active'";
  ALK_TRY(auto row, tables.find(sql, {id}));
  return row.has_value();
}

constexpr const char* members_decide = "who belongs to an organisation is decided by its members alone";

bool is_membership(const Edge& edge) {
  return edge.type == edge_name(AclEdge::Kind::BelongsTo) && edge.source.starts_with("account:") &&
         edge.target.starts_with("org:");
}

Result<bool> is_member(Transaction& tables, const Edge& edge) {
  ALK_TRY(auto row, tables.find("SELECT id FROM organization_members WHERE org_id = ?1 AND account_id = ?2",
                                {organization_of(edge.target), account_of(edge.source)}));
  return row.has_value();
}

void sort(std::vector<AclEdge>& edges) {
  auto rank = [](const AclEdge& edge) { return std::tie(edge.kind, edge.source, edge.target); };
  std::sort(edges.begin(), edges.end(),
            [&](const AclEdge& a, const AclEdge& b) { return rank(a) < rank(b); });
}

Result<void> put_types(Transaction& tables, const Act& act, const std::string& type_id) {
  auto node = [&](const char* name, std::string schema) {
    return put_node_type(tables, act, NodeType{{}, type_id, name, {}, std::move(schema)});
  };
  auto edge = [&](AclEdge::Kind kind, const char* target, std::string schema) {
    return put_edge_type(
        tables, act,
        EdgeType{{}, type_id, std::string(edge_name(kind)), {}, std::move(schema), {"principal"}, {target}});
  };
  ALK_TRY_VOID(node("principal", principal_schema()));
  ALK_TRY_VOID(node("resource", resource_schema));
  ALK_TRY_VOID(edge(AclEdge::Kind::CanRead, "resource", plain_edge_schema));
  ALK_TRY_VOID(edge(AclEdge::Kind::CanWrite, "resource", plain_edge_schema));
  ALK_TRY_VOID(edge(AclEdge::Kind::CanExecute, "resource", plain_edge_schema));
  ALK_TRY_VOID(edge(AclEdge::Kind::BelongsTo, "principal", plain_edge_schema));
  ALK_TRY_VOID(edge(AclEdge::Kind::Delegates, "principal", delegates_schema()));
  return {};
}

} // namespace

std::string account_key(std::string_view account_id) {
  return "account:" + std::string(account_id);
}

std::string organization_key(std::string_view org_id) {
  return "org:" + std::string(org_id);
}

Result<std::string> find_acl_graph(Transaction& tables) {
  ALK_TRY(auto row,
          tables.find(
              "SELECT graphs.id FROM graphs JOIN graph_types ON graph_types.id = graphs.graph_type_id WHERE "
              "graph_types.name = ?1 AND graphs.name = ?2 ORDER BY graphs.created_at, graphs.id LIMIT 1",
              {acl_graph_type, acl_graph_name}));
  if (!row) return fail(Kind::NotFound, "no access control graph");
  return row->text(0);
}

Result<std::string> ensure_acl_graph(Transaction& tables, const Act& act) {
  auto found = find_acl_graph(tables);
  if (found || found.error().kind != Kind::NotFound) return found;
  GraphType type;
  type.name = acl_graph_type;
  type.description = "Who may do what";
  type.config = R"({"graph_type":"directed","multi":false,"allow_self_loops":false})";
  ALK_TRY(type, create_graph_type(tables, act, type));
  ALK_TRY_VOID(put_types(tables, act, type.id));
  Graph graph;
  graph.graph_type_id = type.id;
  graph.name = acl_graph_name;
  graph.status = "active";
  ALK_TRY(graph, create_graph(tables, act, graph));
  return graph.id;
}

Result<std::optional<AclPrincipal>> AclTables::principal(const std::string& key) {
  ALK_TRY(auto row, tables_.find("SELECT attributes, metadata FROM nodes WHERE graph_id = ?1 AND key = ?2",
                                 {graph_id_, key}));
  if (!row) return std::optional<AclPrincipal>();
  ALK_TRY(auto type, json_string(row->text(1), "type", max_value));
  if (type != "principal") return std::optional<AclPrincipal>();
  const auto& attributes = row->text(0);
  ALK_TRY(auto identity_type, json_string(attributes, "identity_type", max_value));
  ALK_TRY(auto identity_id, json_string(attributes, "identity_id", max_value));
  AclPrincipal principal;
  ALK_TRY(principal.active, is_active(tables_, identity_type.value_or(""), identity_id.value_or("")));
  ALK_TRY(principal.own.scopes, json_scopes(attributes, "scopes", max_value));
  ALK_TRY(auto resources, json_resources(attributes, "resources", max_value));
  principal.own.resources = std::move(resources).value_or(ResourceMap{});
  return std::optional(std::move(principal));
}

// The writer puts the type in front of the attributes, and the index of edges by target ends in the first 24
// characters: an organisation's many members do not have to be looked at to find who delegates to it.
#define ALK_ACL_EDGE "SELECT source_node_key, target_node_key, attributes FROM edges WHERE graph_id = ?1 AND "

Result<std::vector<AclEdge>> AclTables::edges(const std::string& key, std::size_t limit) {
  return read(ALK_ACL_EDGE
              "source_node_key = ?2 AND substr(attributes, 1, 24) <> '{\"edge_type\":\"delegates\"'",
              key, limit);
}

Result<std::vector<AclEdge>> AclTables::givers(const std::string& key, std::size_t limit) {
  return read(ALK_ACL_EDGE
              "source_node_key = ?2 AND substr(attributes, 1, 25) = '{\"edge_type\":\"belongs_to\"'",
              key, limit);
}

Result<std::vector<AclEdge>> AclTables::read(std::string_view outgoing, const std::string& key,
                                             std::size_t limit) {
  std::vector<AclEdge> edges;
  auto take = [&](const Row& row) -> Result<bool> {
    auto kind = kind_in(row.text(2));
    if (!kind) return true;
    ALK_TRY(auto edge, edge_of(*kind, row.text(0), row.text(1), row.text(2)));
    edges.push_back(std::move(edge));
    return edges.size() < limit;
  };
  ALK_TRY_VOID(tables_.each(outgoing, {graph_id_, key}, take));
  if (edges.size() < limit)
    ALK_TRY_VOID(tables_.each(
        ALK_ACL_EDGE "target_node_key = ?2 AND substr(attributes, 1, 24) = '{\"edge_type\":\"delegates\"'",
        {graph_id_, key}, take));
  sort(edges); // not by the statement: an order would lead the engine to another index
  return edges;
}

Result<void> check_acl_node(const Node& node) {
  bool is_principal = node.type == "principal";
  ALK_TRY(auto type,
          json_string(node.attributes, is_principal ? "identity_type" : "resource_type", max_value));
  ALK_TRY(auto id, json_string(node.attributes, is_principal ? "identity_id" : "resource_id", max_value));
  if (node.key != type.value_or("") + ':' + id.value_or(""))
    return fail(Kind::Invalid,
                "key: is not the type and the id that the attributes say, with a colon between them");
  return {};
}

Result<void> check_acl_edge(Transaction& tables, const std::string& graph_id, const Edge& edge) {
  auto kind = kind_of(edge.type);
  if (!kind) return {};
  if (is_membership(edge)) {
    ALK_TRY(const bool member, is_member(tables, edge));
    if (!member) return fail(Kind::Conflict, members_decide);
  }
  ALK_TRY(auto acl_edge, edge_of(*kind, edge.source, edge.target, edge.attributes));
  AclTables source(tables, graph_id);
  return check_new_edge(source, acl_edge);
}

Result<void> check_acl_edge_removal(Transaction& tables, const Edge& edge) {
  if (!is_membership(edge)) return {};
  ALK_TRY(const bool member, is_member(tables, edge));
  if (member) return fail(Kind::Conflict, members_decide);
  return {};
}

Result<Grants> effective_grants(Transaction& tables, const std::string& principal) {
  auto graph_id = find_acl_graph(tables);
  if (!graph_id && graph_id.error().kind == Kind::NotFound) return Grants();
  if (!graph_id) return pass(std::move(graph_id).error());
  AclTables source(tables, std::move(*graph_id));
  return AclCheck(source).effective(principal);
}

Result<Grants> account_grants(Transaction& tables, std::string_view account_id) {
  ALK_TRY(Grants grants, effective_grants(tables, account_key(account_id)));
  ALK_TRY(const Grants as_service, effective_grants(tables, "service:" + std::string(account_id)));
  grants.add(as_service);
  return grants;
}

Result<bool> check_access(Transaction& tables, const std::string& principal, const AccessSpec& spec) {
  ALK_TRY(auto graph_id, find_acl_graph(tables));
  AclTables source(tables, std::move(graph_id));
  return AclCheck(source).allows(principal, spec);
}

Result<AclExplanation> explain_access(Transaction& tables, const std::string& principal,
                                      const AccessSpec& spec) {
  ALK_TRY(auto graph_id, find_acl_graph(tables));
  AclTables source(tables, std::move(graph_id));
  return explain_access(source, principal, spec);
}

} // namespace alk::stored
