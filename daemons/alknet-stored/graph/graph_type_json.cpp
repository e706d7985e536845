// Graph types as one JSON document.
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/graph/graph_admin.hpp"
#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/graph/json_value.hpp"

#include <algorithm>
#include <initializer_list>

namespace alk::stored {
namespace {

Failure wrong_at(const std::string& pointer, const char* what) {
  return fail(Kind::Invalid, pointer + ": " + what);
}

Result<void> check_members(const Json& object, const std::string& where,
                           std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return wrong_at(where, "is not an object");
  for (const auto& [name, value] : object.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      return wrong_at(pointer_to(where, name), "is not known here");
  return {};
}

Result<std::string> text(const Json& object, const char* name, const std::string& where,
                         const std::string& otherwise) {
  auto found = object.find(name);
  if (found == object.end()) return otherwise;
  if (!found->is_string()) return wrong_at(where + '/' + name, "is not a text");
  return found->get<std::string>();
}

Result<std::vector<std::string>> texts(const Json& object, const char* name, const std::string& where) {
  std::vector<std::string> list;
  auto found = object.find(name);
  if (found == object.end()) return list;
  if (!found->is_array()) return wrong_at(where + '/' + name, "is not a list");
  for (const Json& one : *found) {
    if (!one.is_string()) return wrong_at(where + '/' + name, "is not a list of texts");
    list.push_back(one.get<std::string>());
  }
  return list;
}

// What node types and edge types have in common.
template <class T>
Result<T> read_type(const Json& json, const std::string& where, const std::string& graph_type_id) {
  T type;
  type.graph_type_id = graph_type_id;
  ALK_TRY(type.name, text(json, "name", where, ""));
  ALK_TRY(type.description, text(json, "description", where, ""));
  if (auto schema = json.find("schema"); schema != json.end()) type.schema = schema->dump();
  return type;
}

bool same(const NodeType& a, const NodeType& b) {
  return a.description == b.description && a.schema == b.schema;
}

bool same(const EdgeType& a, const EdgeType& b) {
  return a.description == b.description && a.schema == b.schema &&
         a.allowed_source_types == b.allowed_source_types && a.allowed_target_types == b.allowed_target_types;
}

template <class T>
bool is_there(const Result<T>& found, const T& type) {
  return found && same(*found, type);
}

Result<void> put_node_json(Transaction& tables, const Act& act, const std::string& type_id, const Json& json,
                           const std::string& where) {
  ALK_TRY_VOID(check_members(json, where, {"id", "name", "description", "schema"}));
  ALK_TRY(const NodeType type, read_type<NodeType>(json, where, type_id));
  if (is_there(find_node_type(tables, type_id, type.name), type)) return {};
  if (auto put = put_node_type(tables, act, type); !put) return at_place(std::move(put).error(), where);
  return {};
}

Result<void> put_edge_json(Transaction& tables, const Act& act, const std::string& type_id, const Json& json,
                           const std::string& where) {
  ALK_TRY_VOID(check_members(
      json, where, {"id", "name", "description", "schema", "allowed_source_types", "allowed_target_types"}));
  ALK_TRY(EdgeType type, read_type<EdgeType>(json, where, type_id));
  ALK_TRY(type.allowed_source_types, texts(json, "allowed_source_types", where));
  ALK_TRY(type.allowed_target_types, texts(json, "allowed_target_types", where));
  if (is_there(find_edge_type(tables, type_id, type.name), type)) return {};
  if (auto put = put_edge_type(tables, act, type); !put) return at_place(std::move(put).error(), where);
  return {};
}

using PutOne = Result<void> (*)(Transaction&, const Act&, const std::string&, const Json&,
                                const std::string&);

Result<void> put_all(Transaction& tables, const Act& act, const std::string& type_id, const Json& json,
                     const std::string& name, PutOne put) {
  auto list = json.find(name);
  if (list == json.end()) return {};
  if (!list->is_array()) return wrong_at('/' + name, "is not a list");
  for (std::size_t i = 0; i < list->size(); ++i)
    ALK_TRY_VOID(put(tables, act, type_id, (*list)[i], '/' + name + '/' + std::to_string(i)));
  return {};
}

Result<GraphType> find_or_make(Transaction& tables, const Act& act, GraphType type) {
  auto found = find_graph_type(tables, type.name);
  if (!found && found.error().kind == Kind::NotFound) return create_graph_type(tables, act, std::move(type));
  if (!found) return found;
  ALK_TRY(const Json had, read_json(found->config, max_type_bytes));
  ALK_TRY(const Json given, read_json(type.config, max_type_bytes));
  if (had != given) return fail(Kind::Conflict, "/config: the graph type exists with another one");
  return found;
}

Json type_json(const NodeType& type) {
  return {{"name", type.name}, {"description", type.description}, {"schema", Json::parse(type.schema)}};
}

Json type_json(const EdgeType& type) {
  return {{"name", type.name},
          {"description", type.description},
          {"schema", Json::parse(type.schema)},
          {"allowed_source_types", type.allowed_source_types},
          {"allowed_target_types", type.allowed_target_types}};
}

template <class T>
Json types_json(const std::vector<T>& types) {
  Json list = Json::array();
  for (const T& type : types) list.push_back(type_json(type));
  return list;
}

} // namespace

Result<GraphType> put_graph_type(Transaction& tables, const Act& act, std::string_view text_json) {
  ALK_TRY(const Json json, read_json(text_json, max_type_bytes));
  ALK_TRY_VOID(check_members(
      json, "", {"id", "version", "name", "description", "scope", "config", "node_types", "edge_types"}));
  GraphType type;
  ALK_TRY(type.name, text(json, "name", "", ""));
  ALK_TRY(type.description, text(json, "description", "", ""));
  ALK_TRY(type.scope, text(json, "scope", "", "system"));
  auto config = json.find("config");
  if (config == json.end()) return wrong_at("/config", "is missing");
  type.config = config->dump();
  if (type.name == acl_graph_type)
    return fail(Kind::Conflict, "/name: the type of the access control graph is not changed");
  ALK_TRY(const GraphType made, find_or_make(tables, act, std::move(type)));
  ALK_TRY_VOID(put_all(tables, act, made.id, json, "node_types", put_node_json));
  ALK_TRY_VOID(put_all(tables, act, made.id, json, "edge_types", put_edge_json));
  return find_graph_type(tables, made.id);
}

Result<std::string> graph_type_json(Transaction& tables, std::string_view reference) {
  ALK_TRY(const GraphType type, find_graph_type(tables, reference));
  ALK_TRY(const auto nodes, list_node_types(tables, type.id));
  ALK_TRY(const auto edges, list_edge_types(tables, type.id));
  // All of it was checked when it was written.
  const Json json = {{"id", type.id},
                     {"name", type.name},
                     {"description", type.description},
                     {"config", Json::parse(type.config)},
                     {"version", type.version},
                     {"scope", type.scope},
                     {"node_types", types_json(nodes)},
                     {"edge_types", types_json(edges)}};
  return json.dump();
}

} // namespace alk::stored
