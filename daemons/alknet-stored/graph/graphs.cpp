#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/graph/metagraph.hpp"
#include "alknet-stored/streams.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

#define ALK_GRAPH                                                                                            \
  "SELECT id, graph_type_id, name, description, status, owner_id, project_id, metadata FROM graphs "

Graph graph_of(const Row& row) {
  return {row.text(0), row.text(1),    row.text(2),    row.text(3),
          row.text(4), row.text_if(5), row.text_if(6), row.text(7)};
}

Result<void> check_status(std::string_view status) {
  if (status != "active" && status != "archived" && status != "draft")
    return fail(Kind::Invalid, "status: is not one of: active, archived, draft");
  return {};
}

} // namespace

Result<Graph> create_graph(Transaction& tables, const Act& act, Graph graph) {
  ALK_TRY_VOID(check_name("name", graph.name, max_name_bytes));
  if (graph.description.size() > max_description_bytes) return fail(Kind::Invalid, "description: too long");
  ALK_TRY_VOID(check_status(graph.status));
  if (graph.owner_id) ALK_TRY_VOID(check_name("owner_id", *graph.owner_id, max_name_bytes));
  if (graph.project_id) ALK_TRY_VOID(check_name("project_id", *graph.project_id, max_name_bytes));
  ALK_TRY_VOID(check_json_object(graph.metadata, max_metadata_bytes));
  ALK_TRY(auto type, find_graph_type(tables, graph.graph_type_id));
  graph.graph_type_id = type.id;
  graph.id = make_uuid(act);
  ALK_TRY_VOID(tables.execute(
      "INSERT INTO graphs (id, metadata, created_at, updated_at, graph_type_id, name, description, "
      "status, owner_id, project_id) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {graph.id, graph.metadata, act.now, graph.graph_type_id, graph.name, graph.description, graph.status,
       graph.owner_id, graph.project_id}));
  ALK_TRY_VOID(publish_change(tables, act, "graphs:created", graph.id,
                              {{"id", json_quote(graph.id)}, {"name", json_quote(graph.name)}}));
  return graph;
}

Result<Graph> find_graph(Transaction& tables, std::string_view id) {
  ALK_TRY(auto row, tables.find(ALK_GRAPH "WHERE id = ?1", {id}));
  if (!row) return fail(Kind::NotFound, "no such graph");
  return graph_of(*row);
}

Result<Page<Graph>> list_graphs(Transaction& tables, std::string_view graph_type_id,
                                std::string_view after_id, std::size_t limit) {
  limit = std::clamp<std::size_t>(limit, 1, max_graph_page);
  auto more = static_cast<std::int64_t>(limit + 1);
  auto found = graph_type_id.empty()
                   ? tables.query(ALK_GRAPH "WHERE id > ?1 ORDER BY id LIMIT ?2", {after_id, more})
                   : tables.query(ALK_GRAPH "WHERE graph_type_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                                  {graph_type_id, after_id, more});
  ALK_TRY(auto rows, std::move(found));
  Page<Graph> page;
  for (const auto& row : rows)
    if (page.items.size() < limit) page.items.push_back(graph_of(row));
  if (rows.size() > limit) page.next = page.items.back().id;
  return page;
}

Result<Graph> set_graph_status(Transaction& tables, const Act& act, std::string_view id,
                               std::string_view status) {
  ALK_TRY_VOID(check_status(status));
  ALK_TRY(auto changed, tables.execute("UPDATE graphs SET status = ?2, updated_at = ?3 WHERE id = ?1",
                                       {id, status, act.now}));
  if (changed == 0) return fail(Kind::NotFound, "no such graph");
  ALK_TRY_VOID(publish_change(tables, act, "graphs:updated", std::string(id),
                              {{"id", json_quote(id)}, {"status", json_quote(status)}}));
  return find_graph(tables, id);
}

Result<void> delete_graph(Transaction& tables, const Act& act, std::string_view id) {
  ALK_TRY(auto gone, tables.execute("DELETE FROM graphs WHERE id = ?1", {id}));
  if (gone == 0) return fail(Kind::NotFound, "no such graph");
  ALK_TRY_VOID(next_number(tables, "revision")); // it may have been the ACL
  return publish_change(tables, act, "graphs:deleted", std::string(id), {{"id", json_quote(id)}});
}

} // namespace alk::stored
