// Graph types and graphs on org.alknet.Store1.
#include "alknet-stored/facts.hpp"
#include "alknet-stored/graph_facts.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

bus::Dictionary facts_of(const GraphType& type) {
  return {
      {"id", type.id},         {"name", type.name},   {"description", type.description},
      {"config", type.config}, {"scope", type.scope}, {"version", static_cast<std::uint64_t>(type.version)}};
}

bus::Dictionary facts_of(const Graph& graph) {
  bus::Dictionary facts = {{"id", graph.id},
                           {"graph_type_id", graph.graph_type_id},
                           {"name", graph.name},
                           {"description", graph.description},
                           {"status", graph.status}};
  if (graph.owner_id) facts["owner_id"] = *graph.owner_id;
  if (graph.project_id) facts["project_id"] = *graph.project_id;
  return facts;
}

template <class T>
void write_one(bus::Message& out, const T& item) {
  out.write_dictionary(facts_of(item));
}

template <class T>
void write_page(bus::Message& out, const Page<T>& page) {
  std::vector<bus::Dictionary> list;
  for (const T& item : page.items) list.push_back(facts_of(item));
  out.write_dictionaries(list);
}

Result<Plan> plan_put_type(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string json, call.in.read_text(max_type_bytes));
  return writing_in(
      place, [=](Transaction& tables) { return put_graph_type(tables, act, json); }, write_one<GraphType>);
}

Result<Plan> plan_get_type(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  return reading_in(
      place, [=](Transaction& tables) { return graph_type_json(tables, reference); },
      [](bus::Message& out, const std::string& json) { out.write_text(json); });
}

Result<Plan> plan_list_types(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string after, call.in.read_text());
  return reading_in(
      place, [=](Transaction& tables) { return list_graph_types(tables, after, max_graph_page); },
      write_page<GraphType>);
}

Result<Plan> plan_delete_type(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  return writing_in(
      place, [=](Transaction& tables) { return nothing_from(drop_graph_type(tables, act, reference)); },
      write_nothing);
}

Result<Plan> plan_create(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  Graph graph;
  ALK_TRY(graph.graph_type_id, call.in.read_text());
  ALK_TRY(graph.name, call.in.read_text());
  ALK_TRY(const bus::Dictionary given, call.in.read_dictionary());
  ALK_TRY_VOID(check_facts(given, {"description", "status", "owner_id", "project_id"}));
  ALK_TRY(const auto description, fact<std::string>(given, "description"));
  ALK_TRY(const auto status, fact<std::string>(given, "status"));
  graph.description = description.value_or("");
  graph.status = status.value_or("draft");
  ALK_TRY(graph.owner_id, fact<std::string>(given, "owner_id"));
  ALK_TRY(graph.project_id, fact<std::string>(given, "project_id"));
  return writing_in(
      place, [=](Transaction& tables) { return make_graph(tables, act, graph); }, write_one<Graph>);
}

Result<Plan> plan_get(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  return reading_in(
      place, [=](Transaction& tables) { return require_graph(tables, reference); }, write_one<Graph>);
}

Result<Plan> plan_list(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string type, call.in.read_text());
  ALK_TRY(const std::string after, call.in.read_text());
  auto list = [=](Transaction& tables) -> Result<Page<Graph>> {
    if (type.empty()) return list_graphs(tables, "", after, max_graph_page);
    ALK_TRY(const GraphType found, find_graph_type(tables, type));
    return list_graphs(tables, found.id, after, max_graph_page);
  };
  return reading_in(place, list, write_page<Graph>);
}

Result<Plan> plan_status(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  ALK_TRY(const std::string status, call.in.read_text());
  return writing_in(
      place, [=](Transaction& tables) { return change_graph_status(tables, act, reference, status); },
      write_one<Graph>);
}

Result<Plan> plan_delete(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  return writing_in(
      place, [=](Transaction& tables) { return nothing_from(drop_graph(tables, act, reference)); },
      write_nothing);
}

Result<Plan> plan_load(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  return reading_in(
      place, [=](Transaction& tables) { return whole_graph(tables, reference); },
      [](bus::Message& out, const std::string& json) { out.write_text(json); });
}

Result<Plan> plan_store(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string reference, call.in.read_text());
  ALK_TRY(const std::string json, call.in.read_text(max_whole_bytes));
  auto store = [=, schemas = self->schemas()](Transaction& tables) {
    return replace_graph(tables, act, *schemas, reference, json);
  };
  return writing_in(place, store, write_one<Graph>);
}

} // namespace

Methods graph_type_methods(StoreBus* self) {
  return {
      StoreBus::method(self, "PutGraphType", {{"s", "organization"}, {"s", "type"}}, {{"a{sv}", "type"}},
                       plan_put_type),
      StoreBus::method(self, "GetGraphType", {{"s", "organization"}, {"s", "type"}}, {{"s", "type"}},
                       plan_get_type),
      StoreBus::method(self, "ListGraphTypes", {{"s", "organization"}, {"s", "after"}}, {{"aa{sv}", "types"}},
                       plan_list_types),
      StoreBus::method(self, "DeleteGraphType", {{"s", "organization"}, {"s", "type"}}, {}, plan_delete_type),
  };
}

Methods graph_methods(StoreBus* self) {
  auto store = [self](bus::Call& call, const Act& act) { return plan_store(self, call, act); };
  return {
      StoreBus::method(self, "CreateGraph",
                       {{"s", "organization"}, {"s", "type"}, {"s", "name"}, {"a{sv}", "facts"}},
                       {{"a{sv}", "graph"}}, plan_create),
      StoreBus::method(self, "GetGraph", {{"s", "organization"}, {"s", "graph"}}, {{"a{sv}", "graph"}},
                       plan_get),
      StoreBus::method(self, "ListGraphs", {{"s", "organization"}, {"s", "type"}, {"s", "after"}},
                       {{"aa{sv}", "graphs"}}, plan_list),
      StoreBus::method(self, "SetGraphStatus", {{"s", "organization"}, {"s", "graph"}, {"s", "status"}},
                       {{"a{sv}", "graph"}}, plan_status),
      StoreBus::method(self, "DeleteGraph", {{"s", "organization"}, {"s", "graph"}}, {}, plan_delete),
      StoreBus::method(self, "LoadGraph", {{"s", "organization"}, {"s", "graph"}}, {{"s", "json"}},
                       plan_load),
      StoreBus::method(self, "StoreGraph", {{"s", "organization"}, {"s", "graph"}, {"s", "json"}},
                       {{"a{sv}", "graph"}}, store),
  };
}

} // namespace alk::stored
