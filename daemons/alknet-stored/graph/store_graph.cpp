#include "alknet-stored/graph/graph_reader.hpp"
#include "alknet-stored/graph/json_value.hpp"

namespace alk::stored {
namespace {

Failure wrong(const std::string& pointer, const char* what) {
  return fail(Kind::Invalid, pointer + ": " + what);
}

Result<std::string> text(const Json& object, const char* name, const std::string& where) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return wrong(where + '/' + name, "is not a text");
  return found->get<std::string>();
}

std::string attributes(const Json& object) {
  auto found = object.find("attributes");
  return found == object.end() ? "{}" : found->dump();
}

Result<void> store_node(GraphWriter& writer, const Json& json, const std::string& where) {
  if (!json.is_object()) return wrong(where, "is not an object");
  Node node;
  ALK_TRY(node.key, text(json, "key", where));
  ALK_TRY(node.type, text(json, "type", where));
  node.attributes = attributes(json);
  if (auto added = writer.add_node(std::move(node)); !added) return at_place(std::move(added).error(), where);
  return {};
}

Result<void> store_edge(GraphWriter& writer, const Json& json, const std::string& where) {
  if (!json.is_object()) return wrong(where, "is not an object");
  Edge edge;
  if (json.contains("key") && !json["key"].is_null()) {
    ALK_TRY(edge.key, text(json, "key", where));
  }
  ALK_TRY(edge.source, text(json, "source", where));
  ALK_TRY(edge.target, text(json, "target", where));
  ALK_TRY(edge.type, text(json, "type", where));
  edge.attributes = attributes(json);
  if (auto undirected = json.find("undirected"); undirected != json.end()) {
    if (!undirected->is_boolean()) return wrong(where + "/undirected", "is not true or false");
    edge.undirected = undirected->get<bool>();
  }
  if (auto added = writer.add_edge(std::move(edge)); !added) return at_place(std::move(added).error(), where);
  return {};
}

using StoreOne = Result<void> (*)(GraphWriter&, const Json&, const std::string&);

Result<void> store_list(GraphWriter& writer, const Json& json, const std::string& name, StoreOne store) {
  auto list = json.find(name);
  if (list == json.end()) return {};
  if (!list->is_array()) return wrong('/' + name, "is not a list");
  for (std::size_t i = 0; i < list->size(); ++i)
    ALK_TRY_VOID(store(writer, (*list)[i], '/' + name + '/' + std::to_string(i)));
  return {};
}

} // namespace

Result<void> store_graph(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view graph_id,
                         std::string_view json_text) {
  ALK_TRY(auto json, read_json(json_text, max_whole_bytes));
  if (!json.is_object()) return fail(Kind::Invalid, "not a JSON object");
  ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph_id));
  writer.begin_many();
  std::vector<std::string> keys;
  ALK_TRY_VOID(tables.each("SELECT key FROM nodes WHERE graph_id = ?1 ORDER BY key", {graph_id},
                           [&](const Row& row) -> Result<bool> {
                             keys.push_back(row.text(0));
                             return true;
                           }));
  for (const auto& key : keys) ALK_TRY_VOID(writer.delete_node(key));
  ALK_TRY_VOID(store_list(writer, json, "nodes", store_node));
  ALK_TRY_VOID(store_list(writer, json, "edges", store_edge));
  return writer.finish();
}

} // namespace alk::stored
