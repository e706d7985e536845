#include "alknet-stored/graph/acl_admin.hpp"

#include "alknet-stored/accounts.hpp"
#include "alknet-stored/graph/graph_admin.hpp"
#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/organizations.hpp"

namespace alk::stored {
namespace {

struct PrincipalName {
  std::string type; // account, service, org, role
  std::string id;
};

PrincipalName split(std::string_view reference) {
  const auto colon = reference.find(':');
  if (colon == reference.npos) return {"account", std::string(reference)};
  return {std::string(reference.substr(0, colon)), std::string(reference.substr(colon + 1))};
}

std::string quoted_list(const std::set<std::string, std::less<>>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ",") + json_quote(text);
  return "[" + list + "]";
}

std::string quoted_map(const ResourceMap& resources) {
  std::string map;
  for (const auto& [key, actions] : resources)
    map += (map.empty() ? "" : ",") + json_quote(key) + ':' + quoted_list(actions);
  return "{" + map + "}";
}

std::string principal_attributes(const PrincipalName& name, const Grants& own) {
  std::string text =
      "{\"identity_type\":" + json_quote(name.type) + ",\"identity_id\":" + json_quote(name.id);
  if (!own.scopes.empty()) text += ",\"scopes\":" + quoted_list(own.scopes);
  if (!own.resources.empty()) text += ",\"resources\":" + quoted_map(own.resources);
  return text + '}';
}

Result<Grants> own_grants(Transaction& tables, const std::string& key) {
  ALK_TRY(auto graph_id, find_acl_graph(tables));
  ALK_TRY(auto principal, AclTables(tables, std::move(graph_id)).principal(key));
  return principal ? principal->own : Grants();
}

Result<void> put_principal(Transaction& tables, const Act& act, SchemaCache& schemas, const std::string& key,
                           const Grants& own) {
  Node node;
  node.key = key;
  node.type = "principal";
  node.attributes = principal_attributes(split(key), own);
  ALK_TRY(const std::string graph, ensure_acl_graph(tables, act));
  ALK_TRY_VOID(put_node(tables, act, schemas, graph, node));
  return {};
}

// Its key; its node is there afterwards.
Result<std::string> ensure_principal(Transaction& tables, const Act& act, SchemaCache& schemas,
                                     std::string_view reference) {
  ALK_TRY(std::string key, principal_key(tables, reference));
  ALK_TRY(const std::string graph, ensure_acl_graph(tables, act));
  auto there = find_node(tables, graph, key);
  if (there) return key;
  if (there.error().kind != Kind::NotFound) return pass(std::move(there).error());
  ALK_TRY_VOID(put_principal(tables, act, schemas, key, {}));
  return key;
}

Result<Edge> put_link(Transaction& tables, const Act& act, SchemaCache& schemas, const Edge& given) {
  Edge edge = given;
  ALK_TRY(const std::string graph, ensure_acl_graph(tables, act));
  ALK_TRY(auto there, list_edges(tables, graph, {edge.source, edge.target}, "", 1));
  if (!there.items.empty() && there.items[0].type == edge.type) edge.id = there.items[0].id;
  return put_edge(tables, act, schemas, graph, edge);
}

Result<std::string> name_of(Transaction& tables, const std::string& key) {
  const PrincipalName name = split(key);
  auto found = name.type == "org" ? tables.find("SELECT slug FROM organizations WHERE id = ?1", {name.id})
                                  : tables.find("SELECT email FROM accounts WHERE id = ?1", {name.id});
  ALK_TRY(auto row, std::move(found));
  return row ? row->text(0) : name.id;
}

} // namespace

Result<std::string> principal_key(Transaction& tables, std::string_view reference) {
  const PrincipalName name = split(reference);
  if (name.type == "account" || name.type == "service") {
    ALK_TRY(const Account account, require_account(tables, name.id));
    return name.type + ':' + account.id;
  }
  if (name.type == "org") {
    ALK_TRY(const Organization organization, require_organization(tables, name.id));
    return organization_key(organization.id);
  }
  if (name.type != "role")
    return fail(Kind::Invalid, "a principal is an account, or account:, service:, org: or role: and a name");
  ALK_TRY_VOID(check_name("role", name.id, max_name_bytes));
  return "role:" + name.id;
}

Result<Grants> grant_access(Transaction& tables, const Act& act, SchemaCache& schemas,
                            std::string_view principal, const Grants& more) {
  ALK_TRY_VOID(ensure_acl_graph(tables, act));
  ALK_TRY(const std::string key, principal_key(tables, principal));
  ALK_TRY(Grants own, own_grants(tables, key));
  own.add(more);
  ALK_TRY_VOID(put_principal(tables, act, schemas, key, own));
  return own;
}

Result<Grants> revoke_access(Transaction& tables, const Act& act, SchemaCache& schemas,
                             std::string_view principal, const Grants& less) {
  ALK_TRY_VOID(ensure_acl_graph(tables, act));
  ALK_TRY(const std::string key, principal_key(tables, principal));
  ALK_TRY(Grants own, own_grants(tables, key));
  for (const auto& scope : less.scopes)
    if (own.scopes.erase(scope) == 0)
      return fail(Kind::NotFound, "the principal itself has not got that scope");
  for (const auto& [resource, actions] : less.resources) {
    auto entry = own.resources.find(resource);
    for (const auto& action : actions)
      if (entry == own.resources.end() || entry->second.erase(action) == 0)
        return fail(Kind::NotFound, "the principal itself has not got that action on the resource");
    if (entry != own.resources.end() && entry->second.empty()) own.resources.erase(entry);
  }
  ALK_TRY_VOID(put_principal(tables, act, schemas, key, own));
  return own;
}

Result<Edge> delegate_access(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view from,
                             std::string_view to, const Delegation& part) {
  Edge edge;
  ALK_TRY(edge.source, ensure_principal(tables, act, schemas, from));
  ALK_TRY(edge.target, ensure_principal(tables, act, schemas, to));
  edge.type = edge_name(AclEdge::Kind::Delegates);
  edge.attributes = "{\"narrowed_scopes\":" + quoted_list(part.narrowed.scopes);
  if (!part.narrowed.resources.empty())
    edge.attributes += ",\"narrowed_resources\":" + quoted_map(part.narrowed.resources);
  edge.attributes += std::string(",\"narrowable\":") + (part.further ? "true}" : "false}");
  return put_link(tables, act, schemas, edge);
}

Result<Edge> join_role(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view principal,
                       std::string_view role) {
  if (!role.starts_with("role:"))
    return fail(Kind::Invalid,
                "only a role is joined: memberships of organisations are made with the organisation");
  Edge edge;
  ALK_TRY(edge.source, ensure_principal(tables, act, schemas, principal));
  ALK_TRY(edge.target, ensure_principal(tables, act, schemas, role));
  edge.type = edge_name(AclEdge::Kind::BelongsTo);
  return put_link(tables, act, schemas, edge);
}

Result<void> unlink_access(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view from,
                           std::string_view to) {
  ALK_TRY(const std::string graph, ensure_acl_graph(tables, act));
  EdgeFilter ends;
  ALK_TRY(ends.source, principal_key(tables, from));
  ALK_TRY(ends.target, principal_key(tables, to));
  ALK_TRY(auto there, list_edges(tables, graph, ends, "", 1));
  if (there.items.empty()) return fail(Kind::NotFound, "nothing leads from the one to the other");
  return drop_edge(tables, act, schemas, graph, there.items[0].id);
}

Result<std::vector<PrincipalView>> list_principals(Transaction& tables, std::string_view after_key) {
  std::vector<PrincipalView> views;
  auto graph = find_acl_graph(tables);
  if (!graph && graph.error().kind == Kind::NotFound) return views;
  if (!graph) return pass(std::move(graph).error());
  AclTables source(tables, *graph);
  auto show = [&](const Row& row) -> Result<bool> {
    PrincipalView view;
    view.key = row.text(0);
    ALK_TRY(auto principal, source.principal(view.key));
    if (!principal) return true; // a resource
    view.active = principal->active;
    view.own = std::move(principal->own);
    ALK_TRY(view.name, name_of(tables, view.key));
    ALK_TRY(view.edges, source.edges(view.key, max_shown_edges));
    views.push_back(std::move(view));
    return views.size() < max_shown_principals;
  };
  ALK_TRY_VOID(
      tables.each("SELECT key FROM nodes WHERE graph_id = ?1 AND key > ?2 AND (key LIKE 'account:%' OR "
                  "key LIKE 'service:%' OR key LIKE 'org:%' OR key LIKE 'role:%') ORDER BY key",
                  {*graph, after_key}, show));
  return views;
}

std::string edge_text(const AclEdge& edge) {
  return edge.source + " -" + std::string(edge_name(edge.kind)) + "-> " + edge.target;
}

} // namespace alk::stored
