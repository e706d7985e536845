#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/graph/metagraph.hpp"
#include "alknet-stored/streams.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

constexpr std::size_t max_config_bytes = 4096;
constexpr std::size_t max_types = 256; // of one graph type, and names in one list of allowed types

GraphType graph_type_of(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.text(5), row.text(6)};
}

#define ALK_GRAPH_TYPE "SELECT id, name, description, config, version, scope, metadata FROM graph_types "
#define ALK_NODE_TYPE "SELECT id, graph_type_id, name, description, schema FROM node_types "
#define ALK_EDGE_TYPE                                                                                        \
  "SELECT id, graph_type_id, name, description, schema, allowed_source_types, allowed_target_types FROM "    \
  "edge_types "

NodeType node_type_of(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4)};
}

Result<EdgeType> edge_type_of(const Row& row) {
  ALK_TRY(auto sources, json_strings(row.text(5), max_value_bytes));
  ALK_TRY(auto targets, json_strings(row.text(6), max_value_bytes));
  return EdgeType{row.text(0), row.text(1),        row.text(2),       row.text(3),
                  row.text(4), std::move(sources), std::move(targets)};
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const auto& text : texts) list += (list.size() > 1 ? "," : "") + json_quote(text);
  return list + "]";
}

// What node types and edge types have in common.
template <class T>
Result<void> check_type(const T& type) {
  ALK_TRY_VOID(check_name("name", type.name, max_name_bytes));
  if (type.description.size() > max_description_bytes) return fail(Kind::Invalid, "description: too long");
  auto schema = Schema::compile(type.schema);
  if (!schema) return at_place(std::move(schema).error(), "schema");
  return {};
}

Result<void> bump_version(Transaction& tables, const Act& act, const std::string& graph_type_id) {
  ALK_TRY(auto changed,
          tables.execute("UPDATE graph_types SET version = version + 1, updated_at = ?2 WHERE id = ?1",
                         {graph_type_id, act.now}));
  if (changed == 0) return fail(Kind::NotFound, "no such graph type");
  return publish_change(tables, act, "graph_types:updated", graph_type_id,
                        {{"id", json_quote(graph_type_id)}});
}

Result<void> check_allowed(Transaction& tables, const EdgeType& type) {
  for (const auto* list : {&type.allowed_source_types, &type.allowed_target_types}) {
    if (list->size() > max_types) return fail(Kind::Invalid, "allowed types: too many");
    for (const auto& name : *list) ALK_TRY_VOID(find_node_type(tables, type.graph_type_id, name));
  }
  return {};
}

Result<void> check_room(Transaction& tables, std::string_view count_sql, const std::string& graph_type_id) {
  ALK_TRY(auto row, tables.find(count_sql, {graph_type_id}));
  if (row && row->integer(0) >= static_cast<std::int64_t>(max_types))
    return fail(Kind::Conflict, "the graph type has too many types");
  return {};
}

} // namespace

Result<void> check_name(std::string_view field, std::string_view text, std::size_t limit) {
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::string what(field);
  if (text.empty()) return fail(Kind::Invalid, what + ": is empty");
  if (text.size() > limit)
    return fail(Kind::Invalid, what + ": is longer than " + std::to_string(limit) + " bytes");
  if (!is_utf8(text) || std::any_of(text.begin(), text.end(), is_control))
    return fail(Kind::Invalid, what + ": is not printable UTF-8");
  return {};
}

Result<void> publish_change(Transaction& tables, const Act& act, std::string_view topic,
                            const std::string& key,
                            const std::vector<std::pair<std::string, std::string>>& members) {
  std::string payload = "{";
  for (const auto& [name, json] : members) payload += json_quote(name) + ':' + json + ',';
  payload += "\"actor\":" + json_quote(act.actor) + ",\"request\":" + json_quote(act.request) + '}';
  ALK_TRY_VOID(publish(tables, topic, key, payload, act.now));
  return {};
}

Result<GraphConfig> parse_graph_config(std::string_view json) {
  ALK_TRY(auto kind, json_string(json, "graph_type", max_config_bytes));
  if (!kind) return fail(Kind::Invalid, "config: lacks the member \"graph_type\"");
  GraphConfig config;
  if (*kind == "undirected")
    config.direction = Direction::Undirected;
  else if (*kind == "mixed")
    config.direction = Direction::Mixed;
  else if (*kind != "directed")
    return fail(Kind::Invalid, "config: /graph_type: is not one of: directed, undirected, mixed");
  auto read = [&](const char* name, bool& to) -> Result<void> {
    ALK_TRY(auto value, json_bool(json, name, max_config_bytes));
    to = value.value_or(to);
    return {};
  };
  ALK_TRY_VOID(read("multi", config.multi));
  ALK_TRY_VOID(read("allowSelfLoops", config.allow_self_loops));
  ALK_TRY_VOID(read("allow_self_loops", config.allow_self_loops));
  ALK_TRY_VOID(read("acyclic", config.acyclic));
  if (config.acyclic && (config.direction != Direction::Directed || config.allow_self_loops))
    return fail(Kind::Invalid, "config: /acyclic: needs a directed graph without self-loops");
  return config;
}

Result<GraphType> create_graph_type(Transaction& tables, const Act& act, GraphType type) {
  ALK_TRY_VOID(check_name("name", type.name, max_name_bytes));
  if (type.description.size() > max_description_bytes) return fail(Kind::Invalid, "description: too long");
  ALK_TRY_VOID(parse_graph_config(type.config));
  if (type.scope != "system" && type.scope != "tenant" && type.scope != "user")
    return fail(Kind::Invalid, "scope: is not one of: system, tenant, user");
  ALK_TRY_VOID(check_json_object(type.metadata, max_metadata_bytes));
  ALK_TRY(auto taken, tables.find("SELECT id FROM graph_types WHERE name = ?1", {type.name}));
  if (taken) return fail(Kind::Conflict, "a graph type of that name is there already");
  type.id = make_uuid(act);
  type.version = 1;
  ALK_TRY_VOID(tables.execute(
      "INSERT INTO graph_types (id, metadata, created_at, updated_at, name, description, config, "
      "version, scope) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, 1, ?7)",
      {type.id, type.metadata, act.now, type.name, type.description, type.config, type.scope}));
  ALK_TRY_VOID(publish_change(tables, act, "graph_types:created", type.id,
                              {{"id", json_quote(type.id)}, {"name", json_quote(type.name)}}));
  return type;
}

Result<GraphType> find_graph_type(Transaction& tables, std::string_view id_or_name) {
  ALK_TRY(auto row, tables.find(ALK_GRAPH_TYPE "WHERE id = ?1", {id_or_name}));
  if (!row) {
    ALK_TRY(row, tables.find(ALK_GRAPH_TYPE "WHERE name = ?1", {id_or_name}));
  }
  if (!row) return fail(Kind::NotFound, "no such graph type");
  return graph_type_of(*row);
}

Result<Page<GraphType>> list_graph_types(Transaction& tables, std::string_view after_name,
                                         std::size_t limit) {
  limit = std::clamp<std::size_t>(limit, 1, max_graph_page);
  ALK_TRY(auto rows, tables.query(ALK_GRAPH_TYPE "WHERE name > ?1 ORDER BY name LIMIT ?2",
                                  {after_name, static_cast<std::int64_t>(limit + 1)}));
  Page<GraphType> page;
  for (const auto& row : rows)
    if (page.items.size() < limit) page.items.push_back(graph_type_of(row));
  if (rows.size() > limit) page.next = page.items.back().name;
  return page;
}

Result<void> delete_graph_type(Transaction& tables, const Act& act, std::string_view id) {
  ALK_TRY(auto used, tables.find("SELECT id FROM graphs WHERE graph_type_id = ?1 LIMIT 1", {id}));
  if (used) return fail(Kind::Conflict, "there are graphs of that type");
  ALK_TRY(auto gone, tables.execute("DELETE FROM graph_types WHERE id = ?1", {id}));
  if (gone == 0) return fail(Kind::NotFound, "no such graph type");
  return publish_change(tables, act, "graph_types:deleted", std::string(id), {{"id", json_quote(id)}});
}

Result<NodeType> put_node_type(Transaction& tables, const Act& act, NodeType type) {
  ALK_TRY_VOID(check_type(type));
  ALK_TRY_VOID(bump_version(tables, act, type.graph_type_id));
  ALK_TRY_VOID(
      check_room(tables, "SELECT count(*) FROM node_types WHERE graph_type_id = ?1", type.graph_type_id));
  ALK_TRY(auto row,
          tables.find(
              "INSERT INTO node_types (id, created_at, updated_at, graph_type_id, name, description, "
              "schema) VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (graph_type_id, name) DO UPDATE SET "
              "description = excluded.description, schema = excluded.schema, updated_at = "
              "excluded.updated_at RETURNING id",
              {make_uuid(act), act.now, type.graph_type_id, type.name, type.description, type.schema}));
  if (!row) return fail(Kind::Broken, "a node type did not come back");
  type.id = row->text(0);
  return type;
}

Result<EdgeType> put_edge_type(Transaction& tables, const Act& act, EdgeType type) {
  ALK_TRY_VOID(check_type(type));
  ALK_TRY_VOID(bump_version(tables, act, type.graph_type_id));
  ALK_TRY_VOID(
      check_room(tables, "SELECT count(*) FROM edge_types WHERE graph_type_id = ?1", type.graph_type_id));
  ALK_TRY_VOID(check_allowed(tables, type));
  ALK_TRY(
      auto row,
      tables.find(
          "INSERT INTO edge_types (id, created_at, updated_at, graph_type_id, name, description, schema, "
          "allowed_source_types, allowed_target_types) VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON "
          "CONFLICT "
          "(graph_type_id, name) DO UPDATE SET description = excluded.description, schema = excluded.schema, "
          "allowed_source_types = excluded.allowed_source_types, allowed_target_types = "
          "excluded.allowed_target_types, updated_at = excluded.updated_at RETURNING id",
          {make_uuid(act), act.now, type.graph_type_id, type.name, type.description, type.schema,
           json_list(type.allowed_source_types), json_list(type.allowed_target_types)}));
  if (!row) return fail(Kind::Broken, "an edge type did not come back");
  type.id = row->text(0);
  return type;
}

Result<NodeType> find_node_type(Transaction& tables, std::string_view graph_type_id, std::string_view name) {
  ALK_TRY(auto row,
          tables.find(ALK_NODE_TYPE "WHERE graph_type_id = ?1 AND name = ?2", {graph_type_id, name}));
  if (!row) return fail(Kind::NotFound, "no such node type");
  return node_type_of(*row);
}

Result<EdgeType> find_edge_type(Transaction& tables, std::string_view graph_type_id, std::string_view name) {
  ALK_TRY(auto row,
          tables.find(ALK_EDGE_TYPE "WHERE graph_type_id = ?1 AND name = ?2", {graph_type_id, name}));
  if (!row) return fail(Kind::NotFound, "no such edge type");
  return edge_type_of(*row);
}

Result<std::vector<NodeType>> list_node_types(Transaction& tables, std::string_view graph_type_id) {
  ALK_TRY(auto rows, tables.query(ALK_NODE_TYPE "WHERE graph_type_id = ?1 ORDER BY name", {graph_type_id}));
  std::vector<NodeType> types;
  for (const auto& row : rows) types.push_back(node_type_of(row));
  return types;
}

Result<std::vector<EdgeType>> list_edge_types(Transaction& tables, std::string_view graph_type_id) {
  ALK_TRY(auto rows, tables.query(ALK_EDGE_TYPE "WHERE graph_type_id = ?1 ORDER BY name", {graph_type_id}));
  std::vector<EdgeType> types;
  for (const auto& row : rows) {
    ALK_TRY(auto type, edge_type_of(row));
    types.push_back(std::move(type));
  }
  return types;
}

} // namespace alk::stored
