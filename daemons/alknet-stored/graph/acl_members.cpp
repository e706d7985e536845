// Memberships of organisations in the ACL graph, derived from their rows.
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/graph/graph_reader.hpp"
#include "alknet-stored/graph/json_text.hpp"

namespace alk::stored {
namespace {

Result<void> ensure_principal(Transaction& tables, GraphWriter& writer, const char* type,
                              std::string_view id) {
  auto key = std::string(type) + ':' + std::string(id);
  ALK_TRY(auto there,
          tables.find("SELECT id FROM nodes WHERE graph_id = ?1 AND key = ?2", {writer.graph().id, key}));
  if (there) return {};
  Node node;
  node.key = key;
  node.type = "principal";
  node.attributes =
      "{\"identity_type\":\"" + std::string(type) + "\",\"identity_id\":" + json_quote(id) + '}';
  ALK_TRY_VOID(writer.add_node(std::move(node)));
  return {};
}

// The writer puts the type in front of the attributes.
#define ALK_BELONGS_TO " AND substr(attributes, 1, 25) = '{\"edge_type\":\"belongs_to\"' "

Result<std::optional<std::string>> membership_edge(Transaction& tables, const std::string& graph_id,
                                                   const std::string& source, const std::string& target) {
  ALK_TRY(auto row, tables.find("SELECT id FROM edges WHERE graph_id = ?1 AND source_node_key = ?2 AND "
                                "target_node_key = ?3" ALK_BELONGS_TO,
                                {graph_id, source, target}));
  return row ? std::optional(row->text(0)) : std::nullopt;
}

Result<void> add_membership(Transaction& tables, GraphWriter& writer, std::string_view org_id,
                            std::string_view account_id) {
  ALK_TRY_VOID(ensure_principal(tables, writer, "account", account_id));
  ALK_TRY_VOID(ensure_principal(tables, writer, "org", org_id));
  Edge edge;
  edge.source = account_key(account_id);
  edge.target = organization_key(org_id);
  edge.type = edge_name(AclEdge::Kind::BelongsTo);
  ALK_TRY_VOID(writer.add_edge(std::move(edge)));
  return {};
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Result<Pairs> pairs(Transaction& tables, std::string_view sql, const Values& values) {
  Pairs found;
  ALK_TRY_VOID(tables.each(sql, values, [&](const Row& row) -> Result<bool> {
    found.emplace_back(row.text(0), row.text(1));
    return true;
  }));
  return found;
}

} // namespace

Result<void> derive_membership(Transaction& tables, const Act& act, std::string_view org_id,
                               std::string_view account_id) {
  SchemaCache schemas; // two small ones
  ALK_TRY(auto graph_id, ensure_acl_graph(tables, act));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph_id));
  ALK_TRY(auto row, tables.find("SELECT id FROM organization_members WHERE org_id = ?1 AND account_id = ?2",
                                {org_id, account_id}));
  ALK_TRY(auto edge, membership_edge(tables, graph_id, account_key(account_id), organization_key(org_id)));
  if (row && !edge) return add_membership(tables, writer, org_id, account_id);
  if (!row && edge) return writer.delete_edge(*edge);
  return {};
}

Result<void> forget_principal(Transaction& tables, const Act& act, const std::string& key) {
  SchemaCache schemas;
  ALK_TRY(auto graph_id, ensure_acl_graph(tables, act));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph_id));
  auto deleted = writer.delete_node(key);
  if (!deleted && deleted.error().kind == Kind::NotFound) return {};
  return deleted;
}

Result<std::size_t> derive_memberships(Transaction& tables, const Act& act, SchemaCache& schemas) {
  ALK_TRY(auto graph_id, ensure_acl_graph(tables, act));
  ALK_TRY(
      auto missing,
      pairs(tables,
            "SELECT org_id, account_id FROM organization_members WHERE NOT EXISTS (SELECT 1 FROM edges WHERE "
            "graph_id = ?1 AND source_node_key = 'account:' || account_id AND target_node_key = 'org:' || "
            "org_id" ALK_BELONGS_TO ") ORDER BY org_id, account_id",
            {graph_id}));
  ALK_TRY(
      auto left_over,
      pairs(tables,
            "SELECT id, source_node_key FROM edges WHERE graph_id = ?1 AND source_node_key LIKE 'account:%' "
            "AND "
            "target_node_key LIKE 'org:%'" ALK_BELONGS_TO
            "AND NOT EXISTS (SELECT 1 FROM organization_members WHERE "
            "'account:' || account_id = source_node_key AND 'org:' || org_id = target_node_key) ORDER BY id",
            {graph_id}));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph_id));
  std::size_t changed = 0;
  for (const auto& [id, source] : left_over) {
    ALK_TRY_VOID(writer.delete_edge(id));
    ++changed;
  }
  for (const auto& [org_id, account_id] : missing) {
    auto added = add_membership(tables, writer, org_id, account_id);
    // One that would close a circle stays out: that is the side with fewer rights.
    if (!added && added.error().kind != Kind::Conflict) return pass(std::move(added).error());
    changed += added ? 1 : 0;
  }
  return changed;
}

} // namespace alk::stored
