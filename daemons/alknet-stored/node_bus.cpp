// Nodes and edges of graphs on org.alknet.Store1.
#include "alknet-stored/facts.hpp"
#include "alknet-stored/graph_facts.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

bus::Dictionary facts_of(const Node& node) {
  return {{"id", node.id}, {"key", node.key}, {"type", node.type}, {"attributes", node.attributes}};
}

bus::Dictionary facts_of(const Edge& edge) {
  bus::Dictionary facts = {
      {"id", edge.id},     {"source", edge.source},         {"target", edge.target},
      {"type", edge.type}, {"attributes", edge.attributes}, {"undirected", edge.undirected}};
  if (edge.key) facts["key"] = *edge.key;
  return facts;
}

template <class T>
void write_one(bus::Message& out, const T& item) {
  out.write_dictionary(facts_of(item));
}

// As much of it as goes into one answer: whoever asks goes on after the last one.
template <class T>
void write_page(bus::Message& out, const Page<T>& page) {
  std::vector<bus::Dictionary> list;
  std::size_t size = 0;
  for (const T& item : page.items) {
    size += item.attributes.size();
    if (!list.empty() && size > max_answer) break;
    list.push_back(facts_of(item));
  }
  out.write_dictionaries(list);
}

Result<Plan> plan_put_node(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  Node node;
  ALK_TRY(node.key, call.in.read_text());
  ALK_TRY(node.type, call.in.read_text());
  ALK_TRY(node.attributes, call.in.read_text(max_attributes));
  auto put = [=, schemas = self->schemas()](Transaction& tables) {
    return put_node(tables, act, *schemas, graph, node);
  };
  return writing_in(place, put, write_one<Node>);
}

Result<Plan> plan_get_node(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  ALK_TRY(const std::string key, call.in.read_text());
  auto get = [=](Transaction& tables) -> Result<Node> {
    ALK_TRY(const Graph found, require_graph(tables, graph));
    return find_node(tables, found.id, key);
  };
  return reading_in(place, get, write_one<Node>);
}

Result<Plan> plan_list_nodes(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  ALK_TRY(const std::string after, call.in.read_text());
  ALK_TRY(const std::uint32_t limit, call.in.read_u32());
  auto list = [=](Transaction& tables) -> Result<Page<Node>> {
    ALK_TRY(const Graph found, require_graph(tables, graph));
    return list_nodes(tables, found.id, after, limit);
  };
  return reading_in(place, list, write_page<Node>);
}

Result<Plan> plan_delete_node(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  ALK_TRY(const std::string key, call.in.read_text());
  auto drop = [=, schemas = self->schemas()](Transaction& tables) {
    return nothing_from(drop_node(tables, act, *schemas, graph, key));
  };
  return writing_in(place, drop, write_nothing);
}

Result<Edge> read_edge(bus::Message& in) {
  ALK_TRY(const bus::Dictionary given, in.read_dictionary());
  ALK_TRY_VOID(check_facts(given, {"id", "key", "source", "target", "type", "attributes", "undirected"}));
  Edge edge;
  ALK_TRY(edge.key, fact<std::string>(given, "key"));
  ALK_TRY(const auto id, fact<std::string>(given, "id"));
  ALK_TRY(const auto source, fact<std::string>(given, "source"));
  ALK_TRY(const auto target, fact<std::string>(given, "target"));
  ALK_TRY(const auto type, fact<std::string>(given, "type"));
  ALK_TRY(const auto attributes, fact<std::string>(given, "attributes"));
  ALK_TRY(const auto undirected, fact<bool>(given, "undirected"));
  if (attributes && attributes->size() > max_attributes)
    return fail(Kind::Invalid, "attributes: are longer than " + std::to_string(max_attributes) + " bytes");
  edge.id = id.value_or("");
  edge.source = source.value_or("");
  edge.target = target.value_or("");
  edge.type = type.value_or("");
  edge.attributes = attributes.value_or("{}");
  edge.undirected = undirected.value_or(false);
  return edge;
}

Result<Plan> plan_put_edge(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  ALK_TRY(const Edge edge, read_edge(call.in));
  auto put = [=, schemas = self->schemas()](Transaction& tables) {
    return put_edge(tables, act, *schemas, graph, edge);
  };
  return writing_in(place, put, write_one<Edge>);
}

Result<Plan> plan_get_edge(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  ALK_TRY(const std::string reference, call.in.read_text());
  auto get = [=](Transaction& tables) -> Result<Edge> {
    ALK_TRY(const Graph found, require_graph(tables, graph));
    return require_edge(tables, found.id, reference);
  };
  return reading_in(place, get, write_one<Edge>);
}

Result<Plan> plan_list_edges(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  EdgeFilter ends;
  ALK_TRY(ends.source, call.in.read_text());
  ALK_TRY(ends.target, call.in.read_text());
  ALK_TRY(const std::string after, call.in.read_text());
  ALK_TRY(const std::uint32_t limit, call.in.read_u32());
  auto list = [=](Transaction& tables) -> Result<Page<Edge>> {
    ALK_TRY(const Graph found, require_graph(tables, graph));
    return list_edges(tables, found.id, ends, after, limit);
  };
  return reading_in(place, list, write_page<Edge>);
}

Result<Plan> plan_delete_edge(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string graph, call.in.read_text());
  ALK_TRY(const std::string reference, call.in.read_text());
  auto drop = [=, schemas = self->schemas()](Transaction& tables) {
    return nothing_from(drop_edge(tables, act, *schemas, graph, reference));
  };
  return writing_in(place, drop, write_nothing);
}

} // namespace

Methods node_methods(StoreBus* self) {
  using Maker = Result<Plan> (*)(StoreBus*, bus::Call&, const Act&);
  auto with_self = [self](Maker make) {
    return [self, make](bus::Call& call, const Act& act) { return make(self, call, act); };
  };
  return {
      StoreBus::method(
          self, "PutNode",
          {{"s", "organization"}, {"s", "graph"}, {"s", "key"}, {"s", "type"}, {"s", "attributes"}},
          {{"a{sv}", "node"}}, with_self(plan_put_node)),
      StoreBus::method(self, "GetNode", {{"s", "organization"}, {"s", "graph"}, {"s", "key"}},
                       {{"a{sv}", "node"}}, plan_get_node),
      StoreBus::method(self, "ListNodes",
                       {{"s", "organization"}, {"s", "graph"}, {"s", "after"}, {"u", "limit"}},
                       {{"aa{sv}", "nodes"}}, plan_list_nodes),
      StoreBus::method(self, "DeleteNode", {{"s", "organization"}, {"s", "graph"}, {"s", "key"}}, {},
                       with_self(plan_delete_node)),
      StoreBus::method(self, "PutEdge", {{"s", "organization"}, {"s", "graph"}, {"a{sv}", "edge"}},
                       {{"a{sv}", "edge"}}, with_self(plan_put_edge)),
      StoreBus::method(self, "GetEdge", {{"s", "organization"}, {"s", "graph"}, {"s", "edge"}},
                       {{"a{sv}", "edge"}}, plan_get_edge),
      StoreBus::method(self, "ListEdges",
                       {{"s", "organization"},
                        {"s", "graph"},
                        {"s", "source"},
                        {"s", "target"},
                        {"s", "after"},
                        {"u", "limit"}},
                       {{"aa{sv}", "edges"}}, plan_list_edges),
      StoreBus::method(self, "DeleteEdge", {{"s", "organization"}, {"s", "graph"}, {"s", "edge"}}, {},
                       with_self(plan_delete_edge)),
  };
}

} // namespace alk::stored
