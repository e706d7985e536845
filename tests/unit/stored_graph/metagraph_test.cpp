#include "metagraph_world.hpp"

#include <gmock/gmock.h>

namespace alk::stored::metagraph_test {

using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr const char* directed = R"({"graph_type":"directed","multi":false,"allow_self_loops":false})";

class Metagraph : public MetagraphTest {};
class MetagraphChecks : public MetagraphTest {};
class MetagraphBadInput : public MetagraphTest {};
ON_EVERY_ENGINE(Metagraph);
ON_EVERY_ENGINE(MetagraphChecks);
ON_EVERY_ENGINE(MetagraphBadInput);

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  for (; times > 0; --times) result += text;
  return result;
}

} // namespace

TEST_P(Metagraph, a_node_comes_back_as_it_was_given) {
  auto graph = make_graph(directed);
  std::string attributes = R"({"b": 1.10,  "a":"\u0000\"'; DROP TABLE nodes; --", "age": 3})";
  auto added = add_node(graph, "it's \xE2\x82\xAC %00 ../../x", "person", attributes);
  ASSERT_TRUE(added) << added.error().describe();
  auto found = in<Node>(
      [&](Transaction& tables) { return find_node(tables, graph, "it's \xE2\x82\xAC %00 ../../x"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, added->id);
  EXPECT_EQ(found->attributes, attributes);
  EXPECT_EQ(found->type, "person");
  EXPECT_EQ(events("nodes:created"), 1);
  EXPECT_THAT(text("SELECT payload FROM stream_events WHERE topic = 'nodes:created'"),
              testing::AllOf(HasSubstr(attributes), HasSubstr("\"actor\":\"uid:0\""),
                             HasSubstr("\"request\":\"request-1\"")));
}

TEST_P(Metagraph, a_change_and_its_event_are_there_together_or_not_at_all) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a"));
  auto before = rows("stream_events");
  auto failed = write([&](Transaction& tables) -> Result<void> {
    ALK_TRY(auto writer, GraphWriter::open(tables, act_, schemas_, graph));
    ALK_TRY_VOID(writer.add_node({{}, {}, "b", "person", "{}", "{}"}));
    ALK_TRY_VOID(writer.update_node("a", R"({"age": 1})"));
    return fail(Kind::Denied, "changed my mind");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(rows("nodes"), 1);
  EXPECT_EQ(rows("stream_events"), before);
  EXPECT_EQ(text("SELECT attributes FROM nodes"), "{}");
}

TEST_P(Metagraph, updates_replace_the_attributes_and_are_checked_again) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a", "person", R"({"age": 1})"));
  auto update = [&](const char* attributes) {
    return with_writer<Node>(graph, [&](GraphWriter& writer) { return writer.update_node("a", attributes); });
  };
  ASSERT_TRUE(update(R"({"name": "x"})"));
  EXPECT_EQ(text("SELECT attributes FROM nodes"), R"({"name": "x"})");
  EXPECT_REFUSED(update(R"({"age": "x"})"), Invalid, "/age: is not one of: integer");
  EXPECT_EQ(text("SELECT attributes FROM nodes"), R"({"name": "x"})");
  EXPECT_EQ(events("nodes:updated"), 1);
}

TEST_P(Metagraph, a_node_takes_its_edges_along_and_each_is_told) {
  auto graph = make_graph(directed);
  for (auto key : {"a", "b", "c"}) ASSERT_TRUE(add_node(graph, key));
  ASSERT_TRUE(add_edge(graph, edge("a", "b")));
  ASSERT_TRUE(add_edge(graph, edge("c", "a")));
  ASSERT_TRUE(add_edge(graph, edge("b", "c")));
  ASSERT_TRUE(write([&](Transaction& tables) -> Result<void> {
    ALK_TRY(auto writer, GraphWriter::open(tables, act_, schemas_, graph));
    return writer.delete_node("a");
  }));
  EXPECT_EQ(rows("nodes"), 2);
  EXPECT_EQ(rows("edges"), 1);
  EXPECT_EQ(events("edges:deleted"), 2);
  EXPECT_EQ(events("nodes:deleted"), 1);
}

TEST_P(Metagraph, an_edge_has_its_type_in_front_of_its_attributes) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a"));
  ASSERT_TRUE(add_node(graph, "x", "place"));
  auto lives = edge("a", "x", "lives");
  lives.attributes = R"({"since": 1999, "edge_type": "lives"})";
  lives.key = "home";
  auto added = add_edge(graph, lives);
  ASSERT_TRUE(added) << added.error().describe();
  EXPECT_EQ(added->attributes, R"({"edge_type":"lives","since":1999})");
  auto found = in<Edge>([&](Transaction& tables) { return find_edge(tables, graph, added->id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "home");
  EXPECT_EQ(found->type, "lives");
  auto changed = with_writer<Edge>(
      graph, [&](GraphWriter& writer) { return writer.update_edge(added->id, R"({"since":2000})"); });
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->attributes, R"({"edge_type":"lives","since":2000})");
  EXPECT_REFUSED(
      with_writer<Edge>(graph,
                        [&](GraphWriter& writer) { return writer.update_edge(added->id, R"({"other":1})"); }),
      Invalid, "/other: is not allowed here");
  EXPECT_EQ(events("edges:updated"), 1);
}

TEST_P(Metagraph, a_schema_that_changes_raises_the_version_and_leaves_what_is_there) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a", "person", R"({"age": 1})"));
  auto before =
      in<GraphType>([&](Transaction& tables) { return find_graph_type(tables, type_id_); })->version;
  ASSERT_TRUE(in<NodeType>([&](Transaction& tables) {
    return put_node_type(tables, act_,
                         {{}, type_id_, "person", {}, R"({"properties":{"age":{"type":"string"}}})"});
  }));
  EXPECT_EQ(in<GraphType>([&](Transaction& tables) { return find_graph_type(tables, type_id_); })->version,
            before + 1);
  EXPECT_REFUSED(add_node(graph, "b", "person", R"({"age": 1})"), Invalid, "/age");
  EXPECT_TRUE(add_node(graph, "b", "person", R"({"age": "1"})"));
  EXPECT_EQ(rows("nodes"), 2);
}

TEST_P(Metagraph, lists_come_in_pages) {
  auto graph = make_graph(directed);
  for (auto key : {"b", "a", "d", "c", "B"}) ASSERT_TRUE(add_node(graph, key));
  auto page = [&](std::string after) {
    return *in<Page<Node>>([&](Transaction& tables) { return list_nodes(tables, graph, after, 2); });
  };
  auto keys = [](const Page<Node>& page) {
    std::vector<std::string> list;
    for (const auto& node : page.items) list.push_back(node.key);
    return list;
  };
  auto first = page("");
  EXPECT_THAT(keys(first), ElementsAre("B", "a"));
  auto second = page(first.next.value());
  EXPECT_THAT(keys(second), ElementsAre("b", "c"));
  auto third = page(second.next.value());
  EXPECT_THAT(keys(third), ElementsAre("d"));
  EXPECT_FALSE(third.next);
  ASSERT_TRUE(add_edge(graph, edge("a", "b")));
  ASSERT_TRUE(add_edge(graph, edge("c", "b")));
  ASSERT_TRUE(add_edge(graph, edge("c", "d")));
  auto count = [&](EdgeFilter filter) {
    return in<Page<Edge>>([&](Transaction& tables) { return list_edges(tables, graph, filter, "", 10); })
        ->items.size();
  };
  EXPECT_EQ(count({}), 3U);
  EXPECT_EQ(count({"c", ""}), 2U);
  EXPECT_EQ(count({"", "b"}), 2U);
  EXPECT_EQ(count({"c", "d"}), 1U);
  EXPECT_EQ(in<Page<Graph>>([&](Transaction& tables) {
              return list_graphs(tables, type_id_, "", 10);
            })->items.size(),
            1U);
  EXPECT_EQ(in<Page<GraphType>>([&](Transaction& tables) {
              return list_graph_types(tables, "", 10);
            })->items.size(),
            1U);
}

TEST_P(Metagraph, a_whole_graph_is_loaded_and_stored) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "old"));
  constexpr const char* whole =
      R"({"nodes":[{"key":"a","type":"person","attributes":{"age":1}},{"key":"x","type":"place"}],)"
      R"("edges":[{"key":"k","source":"a","target":"x","type":"lives","undirected":false}]})";
  auto stored = write([&](Transaction& tables) { return store_graph(tables, act_, schemas_, graph, whole); });
  ASSERT_TRUE(stored) << stored.error().describe();
  auto load = [&] {
    std::string loaded;
    EXPECT_TRUE(write([&](Transaction& tables) {
      loaded.clear();
      return load_graph(tables, graph, [&](std::string_view piece) -> Result<void> {
        loaded += piece;
        return {};
      });
    }));
    return loaded;
  };
  auto loaded = load();
  EXPECT_EQ(loaded,
            std::string(R"({"config":)") + directed +
                R"(,"nodes":[{"key":"a","type":"person","attributes":{"age":1}},{"key":"x","type":"place",)"
                R"("attributes":{}}],"edges":[{"key":"k","source":"a","target":"x","type":"lives",)"
                R"("attributes":{"edge_type":"lives"},"undirected":false}]})");
  ASSERT_TRUE(write([&](Transaction& tables) { return store_graph(tables, act_, schemas_, graph, loaded); }));
  EXPECT_EQ(load(), loaded);
}

TEST_P(Metagraph, a_store_that_fails_leaves_the_graph_as_it_was_and_names_the_place) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "old"));
  auto store = [&](const char* json) {
    return write([&](Transaction& tables) { return store_graph(tables, act_, schemas_, graph, json); });
  };
  EXPECT_REFUSED(
      store(R"({"nodes":[{"key":"a","type":"person"},{"key":"b","type":"person","attributes":{"age":""}}]})"),
      Invalid, "/nodes/1: ");
  EXPECT_REFUSED(store(R"({"edges":[{"source":"a","target":"b","type":"knows"}]})"), NotFound, "/edges/0: ");
  EXPECT_REFUSED(store(R"({"nodes":[{"key":1}]})"), Invalid, "/nodes/0/key");
  EXPECT_REFUSED(store(R"({"nodes":{}})"), Invalid, "/nodes");
  EXPECT_REFUSED(store("[]"), Invalid, "not a JSON object");
  EXPECT_EQ(text("SELECT key FROM nodes"), "old");
}

TEST_P(Metagraph, a_graph_and_its_type_go_in_that_order) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a"));
  EXPECT_REFUSED(write([&](Transaction& tables) { return delete_graph_type(tables, act_, type_id_); }),
                 Conflict, "graphs");
  auto set =
      in<Graph>([&](Transaction& tables) { return set_graph_status(tables, act_, graph, "archived"); });
  ASSERT_TRUE(set);
  EXPECT_EQ(set->status, "archived");
  ASSERT_TRUE(write([&](Transaction& tables) { return delete_graph(tables, act_, graph); }));
  EXPECT_EQ(rows("nodes"), 0);
  ASSERT_TRUE(write([&](Transaction& tables) { return delete_graph_type(tables, act_, type_id_); }));
  EXPECT_EQ(rows("node_types"), 0);
  EXPECT_EQ(rows("edge_types"), 0);
}

TEST_P(MetagraphChecks, ends_exist_and_are_of_an_allowed_type) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a"));
  ASSERT_TRUE(add_node(graph, "x", "place"));
  EXPECT_REFUSED(add_edge(graph, edge("a", "none")), NotFound, "target");
  EXPECT_REFUSED(add_edge(graph, edge("none", "a")), NotFound, "source");
  EXPECT_REFUSED(add_edge(graph, edge("a", "x")), Invalid, "do not end at");
  EXPECT_REFUSED(add_edge(graph, edge("x", "a")), Invalid, "do not begin at");
  EXPECT_REFUSED(add_edge(graph, edge("a", "x", "unknown")), NotFound, "no such edge type");
  EXPECT_REFUSED(add_node(graph, "z", "unknown"), NotFound, "no such node type");
  EXPECT_EQ(rows("edges"), 0);
}

TEST_P(MetagraphChecks, self_loops_and_parallels_only_where_allowed) {
  auto strict = make_graph(directed);
  ASSERT_TRUE(add_node(strict, "a"));
  ASSERT_TRUE(add_node(strict, "b"));
  EXPECT_REFUSED(add_edge(strict, edge("a", "a")), Invalid, "itself");
  ASSERT_TRUE(add_edge(strict, edge("a", "b")));
  EXPECT_REFUSED(add_edge(strict, edge("a", "b")), Conflict, "between these nodes");
  EXPECT_TRUE(add_edge(strict, edge("b", "a"))); // the other ordered pair
  auto loose = make_graph(R"({"graph_type":"directed","multi":true,"allowSelfLoops":true})");
  ASSERT_TRUE(add_node(loose, "a"));
  EXPECT_TRUE(add_edge(loose, edge("a", "a")));
  EXPECT_TRUE(add_edge(loose, edge("a", "a")));
}

TEST_P(MetagraphChecks, direction_agrees_with_the_graph) {
  auto undirected = edge("a", "b");
  undirected.undirected = true;
  auto back = edge("b", "a");
  back.undirected = true;
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a"));
  ASSERT_TRUE(add_node(graph, "b"));
  EXPECT_REFUSED(add_edge(graph, undirected), Invalid, "the graph is directed");
  graph = make_graph(R"({"graph_type":"undirected"})");
  ASSERT_TRUE(add_node(graph, "a"));
  ASSERT_TRUE(add_node(graph, "b"));
  EXPECT_REFUSED(add_edge(graph, edge("a", "b")), Invalid, "the graph is undirected");
  ASSERT_TRUE(add_edge(graph, undirected));
  EXPECT_REFUSED(add_edge(graph, back), Conflict, "between these nodes"); // the same unordered pair
  graph = make_graph(R"({"graph_type":"mixed"})");
  ASSERT_TRUE(add_node(graph, "a"));
  ASSERT_TRUE(add_node(graph, "b"));
  ASSERT_TRUE(add_edge(graph, edge("a", "b")));
  EXPECT_REFUSED(add_edge(graph, back), Conflict, "between these nodes");
  EXPECT_TRUE(add_edge(graph, edge("b", "a")));
}

TEST_P(MetagraphChecks, an_acyclic_graph_has_no_circle_however_it_is_written) {
  auto graph = make_graph(R"({"graph_type":"directed","acyclic":true})");
  for (auto key : {"a", "b", "c", "d"}) ASSERT_TRUE(add_node(graph, key));
  ASSERT_TRUE(add_edge(graph, edge("a", "b")));
  ASSERT_TRUE(add_edge(graph, edge("b", "c")));
  ASSERT_TRUE(add_edge(graph, edge("a", "c")));
  EXPECT_REFUSED(add_edge(graph, edge("c", "a")), Conflict, "circle");
  ASSERT_TRUE(add_edge(graph, edge("c", "d")));
  EXPECT_REFUSED(add_edge(graph, edge("d", "b")), Conflict, "circle");
  auto store = [&](const char* last) {
    return write([&](Transaction& tables) {
      return store_graph(
          tables, act_, schemas_, graph,
          std::string(R"({"nodes":[{"key":"a","type":"person"},{"key":"b","type":"person"},)"
                      R"({"key":"c","type":"person"}],"edges":[{"source":"a","target":"b","type":"knows"},)"
                      R"({"source":"b","target":"c","type":"knows"},)") +
              last + "]}");
    });
  };
  EXPECT_REFUSED(store(R"({"source":"c","target":"a","type":"knows"})"), Conflict, "circle");
  EXPECT_EQ(rows("edges"), 4);
  EXPECT_TRUE(store(R"({"source":"a","target":"c","type":"knows"})"));
  EXPECT_EQ(rows("edges"), 3);
}

TEST_P(MetagraphBadInput, names_that_are_taken_are_conflicts) {
  auto graph = make_graph(directed);
  ASSERT_TRUE(add_node(graph, "a"));
  EXPECT_REFUSED(add_node(graph, "a"), Conflict, "node of that key");
  ASSERT_TRUE(add_node(graph, "b"));
  ASSERT_TRUE(add_node(graph, "c"));
  auto named = edge("a", "b");
  named.key = "k";
  ASSERT_TRUE(add_edge(graph, named));
  named.target = "c";
  EXPECT_REFUSED(add_edge(graph, named), Conflict, "edge of that key");
  EXPECT_REFUSED(in<GraphType>([&](Transaction& tables) {
                   GraphType type;
                   type.name = "type1";
                   type.config = directed;
                   return create_graph_type(tables, act_, type);
                 }),
                 Conflict, "of that name");
}

TEST_P(MetagraphBadInput, attributes_that_cannot_be_used_are_refused_precisely) {
  auto graph = make_graph(directed);
  EXPECT_REFUSED(add_node(graph, "a", "person", "{\"age\":"), Invalid, "not JSON, at byte 8");
  EXPECT_REFUSED(add_node(graph, "a", "person", "[]"), Invalid, "not a JSON object");
  EXPECT_REFUSED(add_node(graph, "a", "person", R"({"a":1,"a":2})"), Invalid, "twice");
  EXPECT_REFUSED(add_node(graph, "a", "person", "{\"a\":\"" + repeat("x", max_value_bytes) + "\"}"), Invalid,
                 "more than");
  EXPECT_REFUSED(add_node(graph, "a", "person", "{\"a\":" + repeat("[", 1000) + repeat("]", 1000) + "}"),
                 Invalid, "deeper");
  EXPECT_REFUSED(add_node(graph, "a", "person", R"({"age":1.5})"), Invalid, "/age: is not one of: integer");
  EXPECT_REFUSED(add_node(graph, "a", "person", "{\"a\":\"\xFF\"}"), Invalid, "not JSON");
  EXPECT_REFUSED(add_node(graph, "a", "person", std::string("{\"a\":\"\0\"}", 9)), Invalid, "NUL");
  EXPECT_EQ(rows("nodes"), 0);
  EXPECT_EQ(events("nodes:created"), 0);
}

TEST_P(MetagraphBadInput, keys_and_names_are_printable_and_bounded) {
  auto graph = make_graph(directed);
  EXPECT_REFUSED(add_node(graph, ""), Invalid, "key: is empty");
  EXPECT_REFUSED(add_node(graph, repeat("k", max_key_bytes + 1)), Invalid, "key: is longer");
  EXPECT_REFUSED(add_node(graph, "a\nb"), Invalid, "key: is not printable");
  EXPECT_REFUSED(add_node(graph, std::string("a\0b", 3)), Invalid, "key: is not printable");
  EXPECT_REFUSED(add_node(graph, "\xC0\x80"), Invalid, "key: is not printable");
  EXPECT_TRUE(add_node(graph, "'; DROP TABLE nodes; --"));
  EXPECT_EQ(rows("nodes"), 1);
}

TEST_P(MetagraphBadInput, types_that_make_no_sense_are_refused) {
  make_graph(directed);
  auto type = [&](std::string name, std::string config, std::string scope) {
    return in<GraphType>([&](Transaction& tables) {
      GraphType made;
      made.name = name;
      made.config = config;
      made.scope = scope;
      return create_graph_type(tables, act_, made);
    });
  };
  EXPECT_REFUSED(type("t", "{}", "system"), Invalid, "graph_type");
  EXPECT_REFUSED(type("t", R"({"graph_type":"round"})", "system"), Invalid, "/graph_type");
  EXPECT_REFUSED(type("t", R"({"graph_type":"directed","multi":1})", "system"), Invalid, "/multi");
  EXPECT_REFUSED(type("t", R"({"graph_type":"mixed","acyclic":true})", "system"), Invalid, "/acyclic");
  EXPECT_REFUSED(type("t", directed, "world"), Invalid, "scope");
  EXPECT_REFUSED(type("", directed, "user"), Invalid, "name");
  auto node = [&](std::string type_id, std::string schema) {
    return in<NodeType>([&](Transaction& tables) {
      return put_node_type(tables, act_, {{}, type_id, "n", {}, schema});
    });
  };
  EXPECT_REFUSED(node(type_id_, R"({"type":"text"})"), Invalid, "schema");
  EXPECT_REFUSED(node(type_id_, R"({"$ref":"http://example.com/"})"), Unsupported, "another document");
  EXPECT_REFUSED(node(type_id_, R"({"pattern":"(a)\\1"})"), Unsupported, "back references");
  EXPECT_REFUSED(node("none", "{}"), NotFound, "no such graph type");
  EXPECT_REFUSED(in<EdgeType>([&](Transaction& tables) {
                   return put_edge_type(tables, act_, {{}, type_id_, "e", {}, "{}", {"none"}, {}});
                 }),
                 NotFound, "no such node type");
  EXPECT_EQ(rows("graph_types"), 1);
}

TEST_P(MetagraphBadInput, what_is_not_there_is_not_found) {
  auto graph = make_graph(directed);
  EXPECT_REFUSED(add_node("none", "a"), NotFound, "no such graph");
  EXPECT_REFUSED(in<Node>([&](Transaction& tables) { return find_node(tables, graph, "none"); }), NotFound,
                 "node");
  EXPECT_REFUSED(in<Edge>([&](Transaction& tables) { return find_edge(tables, graph, "none"); }), NotFound,
                 "edge");
  EXPECT_REFUSED(write([&](Transaction& tables) { return delete_graph(tables, act_, "none"); }), NotFound,
                 "graph");
  EXPECT_REFUSED(write([&](Transaction& tables) { return delete_graph_type(tables, act_, "none"); }),
                 NotFound, "graph type");
}
} // namespace alk::stored::metagraph_test
