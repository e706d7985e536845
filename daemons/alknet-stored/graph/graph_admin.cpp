#include "alknet-stored/graph/graph_admin.hpp"

#include "alknet-stored/audit.hpp"
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/json.hpp"

namespace alk::stored {
namespace {

// Of attributes in the audit log; longer ones are only counted.
constexpr std::size_t max_noted_bytes = 4096;

Result<bool> is_acl(Transaction& tables, const Graph& graph) {
  auto type = find_graph_type(tables, graph.graph_type_id);
  if (!type) return pass(std::move(type).error());
  return type->name == acl_graph_type;
}

Result<void> refuse_acl(Transaction& tables, const Graph& graph) {
  ALK_TRY(const bool acl, is_acl(tables, graph));
  if (acl) return fail(Kind::Conflict, "there is one access control graph, and it stays");
  return {};
}

Result<void> note(Transaction& tables, const Act& act, const Graph& graph, const char* action,
                  JsonObject details, const std::string& attributes) {
  ALK_TRY(const bool acl, is_acl(tables, graph));
  if (!acl) return {};
  if (attributes.size() <= max_noted_bytes)
    details.add("attributes", attributes);
  else
    details.add("attributes_bytes", static_cast<std::int64_t>(attributes.size()));
  AuditEntry entry;
  entry.action = action;
  entry.details = details.text();
  ALK_TRY_VOID(append_audit(tables, act, entry));
  return {};
}

Result<void> note(Transaction& tables, const Act& act, const Graph& graph, const char* action,
                  const Node& node) {
  return note(tables, act, graph, action, JsonObject().add("key", node.key).add("type", node.type),
              node.attributes);
}

Result<void> note(Transaction& tables, const Act& act, const Graph& graph, const char* action,
                  const Edge& edge) {
  JsonObject details;
  details.add("source", edge.source).add("target", edge.target).add("type", edge.type);
  return note(tables, act, graph, action, details, edge.attributes);
}

bool leads_elsewhere(const Edge& there, const Edge& given) {
  return (!given.source.empty() && there.source != given.source) ||
         (!given.target.empty() && there.target != given.target) ||
         (!given.type.empty() && there.type != given.type);
}

// The edge that `edge` names by its id or its key, when it is there.
Result<std::optional<Edge>> named_edge(Transaction& tables, const Graph& graph, const Edge& edge) {
  if (edge.id.empty() && !edge.key) return std::optional<Edge>();
  auto found = require_edge(tables, graph.id, edge.id.empty() ? *edge.key : edge.id);
  if (found) return std::optional<Edge>(std::move(*found));
  if (found.error().kind == Kind::NotFound && edge.id.empty()) return std::optional<Edge>();
  return pass(std::move(found).error());
}

} // namespace

Result<void> drop_graph_type(Transaction& tables, const Act& act, std::string_view reference) {
  ALK_TRY(const GraphType type, find_graph_type(tables, reference));
  return delete_graph_type(tables, act, type.id);
}

Result<Graph> require_graph(Transaction& tables, std::string_view reference) {
  auto by_id = find_graph(tables, reference);
  if (by_id || by_id.error().kind != Kind::NotFound) return by_id;
  ALK_TRY(auto rows, tables.query("SELECT id FROM graphs WHERE name = ?1 ORDER BY id LIMIT 2", {reference}));
  if (rows.empty()) return fail(Kind::NotFound, "no such graph");
  if (rows.size() > 1)
    return fail(Kind::Conflict, "several graphs have that name: one of them has to be named by its id");
  return find_graph(tables, rows[0].text(0));
}

Result<Graph> make_graph(Transaction& tables, const Act& act, const Graph& graph) {
  ALK_TRY_VOID(refuse_acl(tables, graph));
  return create_graph(tables, act, graph);
}

Result<Graph> change_graph_status(Transaction& tables, const Act& act, std::string_view reference,
                                  std::string_view status) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  ALK_TRY_VOID(refuse_acl(tables, graph));
  return set_graph_status(tables, act, graph.id, status);
}

Result<void> drop_graph(Transaction& tables, const Act& act, std::string_view reference) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  ALK_TRY_VOID(refuse_acl(tables, graph));
  return delete_graph(tables, act, graph.id);
}

Result<Node> put_node(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view reference,
                      const Node& node) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph.id));
  auto there = find_node(tables, graph.id, node.key);
  if (!there && there.error().kind != Kind::NotFound) return there;
  if (there && !node.type.empty() && there->type != node.type)
    return fail(Kind::Conflict, "a node of that key and of another type is there already");
  ALK_TRY(Node put, there ? writer.update_node(node.key, node.attributes) : writer.add_node(node));
  ALK_TRY_VOID(note(tables, act, graph, there ? "acl.node-changed" : "acl.node-added", put));
  return put;
}

Result<void> drop_node(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view reference,
                       std::string_view key) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph.id));
  ALK_TRY(const Node node, find_node(tables, graph.id, key));
  ALK_TRY_VOID(writer.delete_node(key));
  return note(tables, act, graph, "acl.node-removed", node);
}

Result<Edge> put_edge(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view reference,
                      const Edge& edge) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph.id));
  ALK_TRY(const auto there, named_edge(tables, graph, edge));
  if (there && leads_elsewhere(*there, edge))
    return fail(Kind::Conflict, "the edge is there with other ends or of another type");
  ALK_TRY(Edge put, there ? writer.update_edge(there->id, edge.attributes) : writer.add_edge(edge));
  ALK_TRY_VOID(note(tables, act, graph, there ? "acl.edge-changed" : "acl.edge-added", put));
  return put;
}

Result<Edge> require_edge(Transaction& tables, std::string_view graph_id, std::string_view reference) {
  auto by_id = find_edge(tables, graph_id, reference);
  if (by_id || by_id.error().kind != Kind::NotFound) return by_id;
  ALK_TRY(auto row,
          tables.find("SELECT id FROM edges WHERE graph_id = ?1 AND key = ?2", {graph_id, reference}));
  if (!row) return by_id;
  return find_edge(tables, graph_id, row->text(0));
}

Result<void> drop_edge(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view reference,
                       std::string_view edge_reference) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph.id));
  ALK_TRY(const Edge edge, require_edge(tables, graph.id, edge_reference));
  ALK_TRY_VOID(writer.delete_edge(edge.id));
  return note(tables, act, graph, "acl.edge-removed", edge);
}

Result<Graph> replace_graph(Transaction& tables, const Act& act, SchemaCache& schemas,
                            std::string_view reference, std::string_view json) {
  ALK_TRY(Graph graph, require_graph(tables, reference));
  ALK_TRY_VOID(refuse_acl(tables, graph));
  ALK_TRY_VOID(store_graph(tables, act, schemas, graph.id, json));
  return graph;
}

Result<std::string> whole_graph(Transaction& tables, std::string_view reference) {
  ALK_TRY(const Graph graph, require_graph(tables, reference));
  std::string whole;
  ALK_TRY_VOID(load_graph(tables, graph.id, [&](std::string_view piece) -> Result<void> {
    if (whole.size() + piece.size() > max_whole_bytes)
      return fail(Kind::Invalid, "the graph is larger than 16 MiB: list its nodes and edges");
    whole += piece;
    return {};
  }));
  return whole;
}

} // namespace alk::stored
