#include "alknet-stored/graph/graph_writer.hpp"

#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/graph/graph_reader.hpp"
#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/streams.hpp"

#include <algorithm>
#include <unordered_map>

namespace alk::stored {
namespace {

Result<std::string> metadata_with_type(std::string_view metadata, std::string_view type) {
  auto result = with_json_string(metadata, "type", type, max_metadata_bytes);
  if (!result) return at_place(std::move(result).error(), "metadata");
  return result;
}

bool allowed(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Whether a walk along the edges of the graph leads from one node to the other.
Result<bool> leads_to(Transaction& tables, const std::string& graph_id, const std::string& from,
                      const std::string& to) {
  ALK_TRY(
      auto row,
      tables.find("WITH RECURSIVE reached (node) AS (SELECT key FROM nodes WHERE graph_id = ?1 AND key = ?2 "
                  "UNION SELECT edges.target_node_key FROM edges JOIN reached ON edges.source_node_key = "
                  "reached.node WHERE edges.graph_id = ?1) "
                  "SELECT node FROM reached WHERE node = ?3 LIMIT 1",
                  {graph_id, from, to}));
  return row.has_value();
}

} // namespace

Result<GraphWriter> GraphWriter::open(Transaction& tables, const Act& act, SchemaCache& schemas,
                                      std::string_view graph_id) {
  GraphWriter writer(tables, act, schemas);
  ALK_TRY(writer.graph_, find_graph(tables, graph_id));
  ALK_TRY(writer.type_, find_graph_type(tables, writer.graph_.graph_type_id));
  ALK_TRY(writer.config_, parse_graph_config(writer.type_.config));
  return writer;
}

Result<const NodeType*> GraphWriter::node_type(const std::string& name) {
  auto known = node_types_.find(name);
  if (known == node_types_.end()) {
    ALK_TRY(auto type, find_node_type(tables_, type_.id, name));
    known = node_types_.emplace(name, std::move(type)).first;
  }
  return &known->second;
}

Result<const EdgeType*> GraphWriter::edge_type(const std::string& name) {
  auto known = edge_types_.find(name);
  if (known == edge_types_.end()) {
    ALK_TRY(auto type, find_edge_type(tables_, type_.id, name));
    known = edge_types_.emplace(name, std::move(type)).first;
  }
  return &known->second;
}

Result<void> GraphWriter::check_attributes(const std::string& type_id, std::string_view schema,
                                           std::string_view attributes) {
  auto is_object = check_json_object(attributes, max_value_bytes);
  if (!is_object) return at_place(std::move(is_object).error(), "attributes");
  ALK_TRY(auto compiled, schemas_.get(type_id, type_.version, schema));
  ALK_TRY(auto violations, compiled->validate(attributes));
  if (!violations.empty()) return fail(Kind::Invalid, "attributes: " + describe(violations));
  return {};
}

Result<Node> GraphWriter::add_node(Node node) {
  ALK_TRY_VOID(check_name("key", node.key, max_key_bytes));
  ALK_TRY(auto type, node_type(node.type));
  ALK_TRY_VOID(check_attributes(type->id, type->schema, node.attributes));
  ALK_TRY(node.metadata, metadata_with_type(node.metadata, node.type));
  if (type_.name == acl_graph_type) ALK_TRY_VOID(check_acl_node(node));
  ALK_TRY(auto taken,
          tables_.find("SELECT id FROM nodes WHERE graph_id = ?1 AND key = ?2", {graph_.id, node.key}));
  if (taken) return fail(Kind::Conflict, "a node of that key is there already");
  node.id = make_uuid(act_);
  node.graph_id = graph_.id;
  ALK_TRY_VOID(tables_.execute(
      "INSERT INTO nodes (id, metadata, created_at, updated_at, graph_id, key, attributes) VALUES "
      "(?1, ?2, ?3, ?3, ?4, ?5, ?6)",
      {node.id, node.metadata, act_.now, node.graph_id, node.key, node.attributes}));
  if (many_) added_[node.key] = node.type;
  ALK_TRY_VOID(tell("nodes:created", node));
  return node;
}

Result<Node> GraphWriter::update_node(std::string_view key, std::string_view attributes) {
  ALK_TRY(auto node, find_node(tables_, graph_.id, key));
  ALK_TRY(auto type, node_type(node.type));
  ALK_TRY_VOID(check_attributes(type->id, type->schema, attributes));
  node.attributes = attributes;
  if (type_.name == acl_graph_type) ALK_TRY_VOID(check_acl_node(node));
  ALK_TRY_VOID(tables_.execute("UPDATE nodes SET attributes = ?2, updated_at = ?3 WHERE id = ?1",
                               {node.id, node.attributes, act_.now}));
  ALK_TRY_VOID(tell("nodes:updated", node));
  return node;
}

Result<void> GraphWriter::delete_node(std::string_view key) {
  ALK_TRY(auto node, find_node(tables_, graph_.id, key));
  std::vector<std::string> edges;
  ALK_TRY_VOID(tables_.each(
      "SELECT id FROM edges WHERE graph_id = ?1 AND source_node_key = ?2 UNION SELECT id FROM edges WHERE "
      "graph_id = ?1 AND target_node_key = ?2 ORDER BY id",
      {graph_.id, key}, [&](const Row& row) -> Result<bool> {
        edges.push_back(row.text(0));
        return true;
      }));
  for (const auto& id : edges) ALK_TRY_VOID(delete_edge(id));
  ALK_TRY_VOID(tables_.execute("DELETE FROM nodes WHERE id = ?1", {node.id}));
  added_.erase(node.key);
  return tell("nodes:deleted", node);
}

Result<std::string> GraphWriter::type_of_node(const std::string& key, const char* end) {
  if (auto known = added_.find(key); known != added_.end()) return known->second;
  ALK_TRY(auto row,
          tables_.find("SELECT metadata FROM nodes WHERE graph_id = ?1 AND key = ?2", {graph_.id, key}));
  if (!row) return fail(Kind::NotFound, std::string("no such node: the edge's ") + end);
  ALK_TRY(auto type, json_string(row->text(0), "type", max_value));
  return type.value_or("");
}

Result<void> GraphWriter::check_ends(const Edge& edge, const EdgeType& type) {
  ALK_TRY(auto source, type_of_node(edge.source, "source"));
  ALK_TRY(auto target, type_of_node(edge.target, "target"));
  if (!allowed(type.allowed_source_types, source))
    return fail(Kind::Invalid, "edges of that type do not begin at nodes of the source's type");
  if (!allowed(type.allowed_target_types, target))
    return fail(Kind::Invalid, "edges of that type do not end at nodes of the target's type");
  return {};
}

Result<void> GraphWriter::check_parallel(const Edge& edge) {
  ALK_TRY(auto same,
          tables_.find(
              "SELECT id FROM edges WHERE graph_id = ?1 AND source_node_key = ?2 AND target_node_key = ?3 "
              "LIMIT 1",
              {graph_.id, edge.source, edge.target}));
  if (!same && config_.direction != Direction::Directed) {
    ALK_TRY(same,
            tables_.find(
                "SELECT id FROM edges WHERE graph_id = ?1 AND source_node_key = ?3 AND target_node_key = ?2 "
                "AND (undirected = 1 OR ?4 = 1) LIMIT 1",
                {graph_.id, edge.source, edge.target, edge.undirected}));
  }
  if (same) return fail(Kind::Conflict, "an edge between these nodes is there already");
  return {};
}

Result<void> GraphWriter::check_place(const Edge& edge) {
  if (config_.direction == Direction::Directed && edge.undirected)
    return fail(Kind::Invalid, "the graph is directed, the edge is not");
  if (config_.direction == Direction::Undirected && !edge.undirected)
    return fail(Kind::Invalid, "the graph is undirected, the edge is not");
  if (edge.source == edge.target && !config_.allow_self_loops)
    return fail(Kind::Invalid, "the graph allows no edge from a node to itself");
  if (!config_.multi) ALK_TRY_VOID(check_parallel(edge));
  if (config_.acyclic && !many_) {
    ALK_TRY(auto circle, leads_to(tables_, graph_.id, edge.target, edge.source));
    if (circle) return fail(Kind::Conflict, "the edge would close a circle");
  }
  return {};
}

Result<Edge> GraphWriter::add_edge(Edge edge) {
  if (edge.key) ALK_TRY_VOID(check_name("key", *edge.key, max_key_bytes));
  ALK_TRY(auto type, edge_type(edge.type));
  ALK_TRY(auto own, without_json_member(edge.attributes, "edge_type", max_value_bytes));
  ALK_TRY_VOID(check_attributes(type->id, type->schema, own));
  ALK_TRY_VOID(check_ends(edge, *type));
  ALK_TRY_VOID(check_place(edge));
  ALK_TRY_VOID(with_json_string(edge.attributes, "edge_type", edge.type,
                                max_value_bytes)); // if there, then it is right
  ALK_TRY(edge.attributes, with_json_string(own, "edge_type", edge.type, max_value_bytes)); // and in front
  ALK_TRY(edge.metadata, metadata_with_type(edge.metadata, edge.type));
  if (edge.key) {
    ALK_TRY(auto taken,
            tables_.find("SELECT id FROM edges WHERE graph_id = ?1 AND key = ?2", {graph_.id, edge.key}));
    if (taken) return fail(Kind::Conflict, "an edge of that key is there already");
  }
  if (type_.name == acl_graph_type) ALK_TRY_VOID(check_acl_edge(tables_, graph_.id, edge));
  edge.id = make_uuid(act_);
  edge.graph_id = graph_.id;
  ALK_TRY_VOID(tables_.execute(
      "INSERT INTO edges (id, metadata, created_at, updated_at, graph_id, key, source_node_key, "
      "target_node_key, attributes, undirected) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {edge.id, edge.metadata, act_.now, edge.graph_id, edge.key, edge.source, edge.target, edge.attributes,
       edge.undirected}));
  ALK_TRY_VOID(tell("edges:created", edge));
  return edge;
}

Result<Edge> GraphWriter::update_edge(std::string_view id, std::string_view attributes) {
  ALK_TRY(auto edge, find_edge(tables_, graph_.id, id));
  ALK_TRY(auto type, edge_type(edge.type));
  ALK_TRY(auto own, without_json_member(attributes, "edge_type", max_value_bytes));
  ALK_TRY_VOID(check_attributes(type->id, type->schema, own));
  ALK_TRY_VOID(with_json_string(attributes, "edge_type", edge.type, max_value_bytes));
  ALK_TRY(edge.attributes, with_json_string(own, "edge_type", edge.type, max_value_bytes));
  if (type_.name == acl_graph_type) ALK_TRY_VOID(check_acl_edge(tables_, graph_.id, edge));
  ALK_TRY_VOID(tables_.execute("UPDATE edges SET attributes = ?2, updated_at = ?3 WHERE id = ?1",
                               {edge.id, edge.attributes, act_.now}));
  ALK_TRY_VOID(tell("edges:updated", edge));
  return edge;
}

Result<void> GraphWriter::delete_edge(std::string_view id) {
  ALK_TRY(auto edge, find_edge(tables_, graph_.id, id));
  if (type_.name == acl_graph_type) ALK_TRY_VOID(check_acl_edge_removal(tables_, edge));
  ALK_TRY_VOID(tables_.execute("DELETE FROM edges WHERE id = ?1", {edge.id}));
  return tell("edges:deleted", edge);
}

// Kahn's algorithm over all edges of the graph.
Result<void> GraphWriter::finish() {
  if (!config_.acyclic || !many_) return {};
  std::unordered_map<std::string, std::size_t> incoming;
  std::unordered_map<std::string, std::vector<std::string>> next;
  ALK_TRY_VOID(tables_.each("SELECT source_node_key, target_node_key FROM edges WHERE graph_id = ?1",
                            {graph_.id}, [&](const Row& row) -> Result<bool> {
                              next[row.text(0)].push_back(row.text(1));
                              incoming[row.text(0)] += 0;
                              ++incoming[row.text(1)];
                              return true;
                            }));
  std::vector<std::string> free;
  for (const auto& [node, count] : incoming)
    if (count == 0) free.push_back(node);
  std::size_t done = 0;
  for (; !free.empty(); ++done) {
    auto node = std::move(free.back());
    free.pop_back();
    for (const auto& target : next[node])
      if (--incoming[target] == 0) free.push_back(target);
  }
  if (done != incoming.size()) return fail(Kind::Conflict, "the edges close a circle");
  return {};
}

Result<void> GraphWriter::tell(const char* topic, const Node& node) {
  ALK_TRY_VOID(publish_change(tables_, act_, topic, node.id,
                              {{"id", json_quote(node.id)},
                               {"graph_id", json_quote(graph_.id)},
                               {"key", json_quote(node.key)},
                               {"type", json_quote(node.type)},
                               {"attributes", node.attributes}}));
  return tell_acl(node.id);
}

Result<void> GraphWriter::tell(const char* topic, const Edge& edge) {
  ALK_TRY_VOID(publish_change(tables_, act_, topic, edge.id,
                              {{"id", json_quote(edge.id)},
                               {"graph_id", json_quote(graph_.id)},
                               {"key", edge.key ? json_quote(*edge.key) : "null"},
                               {"type", json_quote(edge.type)},
                               {"source", json_quote(edge.source)},
                               {"target", json_quote(edge.target)},
                               {"undirected", edge.undirected ? "true" : "false"},
                               {"attributes", edge.attributes}}));
  return tell_acl(edge.id);
}

Result<void> GraphWriter::tell_acl(const std::string& id) {
  if (type_.name != acl_graph_type) return {};
  ALK_TRY_VOID(next_number(tables_, "revision")); // whoever remembers a verdict forgets it
  return publish_change(tables_, act_, "acl:changed", id,
                        {{"id", json_quote(id)}, {"graph_id", json_quote(graph_.id)}});
}

} // namespace alk::stored
