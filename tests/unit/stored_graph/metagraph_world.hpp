// A database with one graph type: "person" and "place" nodes, "knows" edges between people, "lives" edges to
// places.
#pragma once

#include "../stored/acts.hpp"
#include "../stored/engine_test_base.hpp"
#include "alknet-stored/graph/graph_reader.hpp"

namespace alk::stored {

class MetagraphTest : public EngineTest {
 protected:
  // The same with a writer of the graph.
  template <class T, class Do>
  Result<T> with_writer(const std::string& graph_id, Do work) {
    return in<T>([&](Transaction& tables) -> Result<T> {
      ALK_TRY(auto writer, GraphWriter::open(tables, act_, schemas_, graph_id));
      return work(writer);
    });
  }

  // The id of a new graph of a new type.
  std::string make_graph(const std::string& config) {
    auto type_name = "type" + std::to_string(++made_);
    auto graph = in<Graph>([&](Transaction& tables) -> Result<Graph> {
      GraphType type;
      type.name = type_name;
      type.config = config;
      ALK_TRY(type, create_graph_type(tables, act_, type));
      type_id_ = type.id;
      ALK_TRY_VOID(put_node_type(
          tables, act_, {{}, type.id, "person", {}, R"({"properties":{"age":{"type":"integer"}}})"}));
      ALK_TRY_VOID(put_node_type(tables, act_, {{}, type.id, "place", {}, "{}"}));
      ALK_TRY_VOID(put_edge_type(tables, act_, {{}, type.id, "knows", {}, "{}", {"person"}, {"person"}}));
      ALK_TRY_VOID(put_edge_type(tables, act_,
                                 {{},
                                  type.id,
                                  "lives",
                                  {},
                                  R"({"additionalProperties":false,"properties":{"since":{}}})",
                                  {"person"},
                                  {"place"}}));
      Graph made;
      made.graph_type_id = type_name;
      made.name = "graph";
      return create_graph(tables, act_, made);
    });
    EXPECT_TRUE(graph) << graph.error().describe();
    return graph ? graph->id : "";
  }

  Result<Node> add_node(const std::string& graph_id, const std::string& key,
                        const std::string& type = "person", const std::string& attributes = "{}") {
    return with_writer<Node>(graph_id, [&](GraphWriter& writer) {
      return writer.add_node({{}, {}, key, type, attributes, "{}"});
    });
  }
  Edge edge(const std::string& source, const std::string& target, const std::string& type = "knows") {
    Edge made;
    made.source = source;
    made.target = target;
    made.type = type;
    return made;
  }
  Result<Edge> add_edge(const std::string& graph_id, const Edge& edge) {
    return with_writer<Edge>(graph_id, [&](GraphWriter& writer) { return writer.add_edge(edge); });
  }

  std::int64_t rows(const std::string& table) { return number("SELECT count(*) FROM " + table); }
  std::int64_t events(const std::string& topic) {
    return number("SELECT count(*) FROM stream_events WHERE topic = ?1", {topic});
  }

  Act act_ = test_act();
  SchemaCache schemas_;
  std::string type_id_;
  int made_ = 0;
};

#define EXPECT_REFUSED(result, wanted_kind, words)                                                           \
  do {                                                                                                       \
    auto refused_result = (result);                                                                          \
    ASSERT_FALSE(refused_result);                                                                            \
    EXPECT_EQ(kind_name(refused_result.error().kind), kind_name(Kind::wanted_kind))                          \
        << refused_result.error().what;                                                                      \
    EXPECT_NE(refused_result.error().describe().find(words), std::string::npos)                              \
        << refused_result.error().describe();                                                                \
  } while (false)

} // namespace alk::stored
