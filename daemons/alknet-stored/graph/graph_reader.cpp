#include "alknet-stored/graph/graph_reader.hpp"

#include "alknet-stored/graph/json_text.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

#define ALK_NODE "SELECT id, graph_id, key, attributes, metadata FROM nodes "
#define ALK_EDGE                                                                                             \
  "SELECT id, graph_id, key, source_node_key, target_node_key, attributes, undirected, metadata FROM edges "

Result<Node> node_of(const Row& row) {
  ALK_TRY(auto type, json_string(row.text(4), "type", max_value));
  return Node{row.text(0), row.text(1), row.text(2), type.value_or(""), row.text(3), row.text(4)};
}

Result<Edge> edge_of(const Row& row) {
  ALK_TRY(auto type, json_string(row.text(7), "type", max_value));
  return Edge{row.text(0),       row.text(1), row.text_if(2), row.text(3), row.text(4),
              type.value_or(""), row.text(5), row.truth(6),   row.text(7)};
}

template <class T, class Read>
Result<Page<T>> page_of(const Rows& rows, std::size_t limit, Read read, std::string T::*order) {
  Page<T> page;
  for (const auto& row : rows) {
    if (page.items.size() == limit) break;
    ALK_TRY(auto item, read(row));
    page.items.push_back(std::move(item));
  }
  if (rows.size() > limit) page.next = page.items.back().*order;
  return page;
}

std::size_t sane(std::size_t limit) {
  return std::clamp<std::size_t>(limit, 1, max_graph_page);
}

std::string node_json(const Row& row, const std::string& type) {
  return "{\"key\":" + json_quote(row.text(2)) + ",\"type\":" + json_quote(type) +
         ",\"attributes\":" + row.text(3) + '}';
}

std::string edge_json(const Edge& edge) {
  return (edge.key ? "{\"key\":" + json_quote(*edge.key) + ',' : "{") +
         "\"source\":" + json_quote(edge.source) + ",\"target\":" + json_quote(edge.target) +
         ",\"type\":" + json_quote(edge.type) + ",\"attributes\":" + edge.attributes +
         ",\"undirected\":" + (edge.undirected ? "true}" : "false}");
}

} // namespace

Result<Node> find_node(Transaction& tables, std::string_view graph_id, std::string_view key) {
  ALK_TRY(auto row, tables.find(ALK_NODE "WHERE graph_id = ?1 AND key = ?2", {graph_id, key}));
  if (!row) return fail(Kind::NotFound, "no such node");
  return node_of(*row);
}

Result<Page<Node>> list_nodes(Transaction& tables, std::string_view graph_id, std::string_view after_key,
                              std::size_t limit) {
  ALK_TRY(auto rows, tables.query(ALK_NODE "WHERE graph_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
                                  {graph_id, after_key, static_cast<std::int64_t>(sane(limit) + 1)}));
  return page_of<Node>(rows, sane(limit), node_of, &Node::key);
}

Result<Edge> find_edge(Transaction& tables, std::string_view graph_id, std::string_view id) {
  ALK_TRY(auto row, tables.find(ALK_EDGE "WHERE graph_id = ?1 AND id = ?2", {graph_id, id}));
  if (!row) return fail(Kind::NotFound, "no such edge");
  return edge_of(*row);
}

Result<Page<Edge>> list_edges(Transaction& tables, std::string_view graph_id, const EdgeFilter& filter,
                              std::string_view after_id, std::size_t limit) {
  auto more = static_cast<std::int64_t>(sane(limit) + 1);
  Values values = {graph_id, after_id, more};
  std::string_view sql = ALK_EDGE "WHERE graph_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
  if (!filter.source.empty() && !filter.target.empty()) {
    sql = ALK_EDGE "WHERE graph_id = ?1 AND source_node_key = ?4 AND target_node_key = ?5 AND id > ?2 ORDER "
                   "BY id LIMIT ?3";
    values = {graph_id, after_id, more, filter.source, filter.target};
  } else if (!filter.source.empty()) {
    sql = ALK_EDGE "WHERE graph_id = ?1 AND source_node_key = ?4 AND id > ?2 ORDER BY id LIMIT ?3";
    values = {graph_id, after_id, more, filter.source};
  } else if (!filter.target.empty()) {
    sql = ALK_EDGE "WHERE graph_id = ?1 AND target_node_key = ?4 AND id > ?2 ORDER BY id LIMIT ?3";
    values = {graph_id, after_id, more, filter.target};
  }
  ALK_TRY(auto rows, tables.query(sql, values));
  return page_of<Edge>(rows, sane(limit), edge_of, &Edge::id);
}

Result<void> load_graph(Transaction& tables, std::string_view graph_id, const Sink& sink) {
  ALK_TRY(auto graph, find_graph(tables, graph_id));
  ALK_TRY(auto type, find_graph_type(tables, graph.graph_type_id));
  ALK_TRY_VOID(sink("{\"config\":" + type.config + ",\"nodes\":["));
  bool first = true;
  ALK_TRY_VOID(tables.each(ALK_NODE "WHERE graph_id = ?1 ORDER BY key", {graph_id},
                           [&](const Row& row) -> Result<bool> {
                             ALK_TRY(auto type_name, json_string(row.text(4), "type", max_value));
                             ALK_TRY_VOID(sink((first ? "" : ",") + node_json(row, type_name.value_or(""))));
                             first = false;
                             return true;
                           }));
  ALK_TRY_VOID(sink("],\"edges\":["));
  first = true;
  ALK_TRY_VOID(tables.each(ALK_EDGE "WHERE graph_id = ?1 ORDER BY id", {graph_id},
                           [&](const Row& row) -> Result<bool> {
                             ALK_TRY(auto edge, edge_of(row));
                             ALK_TRY_VOID(sink((first ? "" : ",") + edge_json(edge)));
                             first = false;
                             return true;
                           }));
  return sink("]}");
}

} // namespace alk::stored
