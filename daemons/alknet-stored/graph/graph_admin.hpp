// What administrators do to types and graphs, each in one step, over the metagraph (metagraph.hpp, whose
// errors these are). A reference to a graph is its id, or its name when no other graph has that; to an edge
// its id or its key. What changes the access control graph leaves a row in the audit log, and its type is not
// changed.
#pragma once

#include "alknet-stored/graph/graph_reader.hpp"

namespace alk::stored {

inline constexpr std::size_t max_type_bytes = 1024 * 1024; // of one type with all its schemas as JSON

// {"name", "description"?, "scope"?, "config": {...}, "node_types": [{"name", "description"?, "schema"?}],
// "edge_types": [{"name", "description"?, "schema"?, "allowed_source_types"?, "allowed_target_types"?}]}.
// Makes the type, or changes it: its node and edge types are made or replaced, those that are not named stay.
// Conflict: it has another config. Unknown members are Invalid.
Result<GraphType> put_graph_type(Transaction& tables, const Act& act, std::string_view json);
// The same form, with "id" and "version".
Result<std::string> graph_type_json(Transaction& tables, std::string_view reference);
Result<void> drop_graph_type(Transaction& tables, const Act& act, std::string_view reference);

Result<Graph> require_graph(Transaction& tables, std::string_view reference);
Result<Graph> make_graph(Transaction& tables, const Act& act, const Graph& graph);
Result<Graph> change_graph_status(Transaction& tables, const Act& act, std::string_view reference,
                                  std::string_view status);
Result<void> drop_graph(Transaction& tables, const Act& act, std::string_view reference);

// Made, or its attributes replaced. Conflict: the node is of another type, the edge leads elsewhere.
Result<Node> put_node(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view graph,
                      const Node& node);
Result<void> drop_node(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view graph,
                       std::string_view key);
Result<Edge> put_edge(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view graph,
                      const Edge& edge);
Result<Edge> require_edge(Transaction& tables, std::string_view graph_id, std::string_view reference);
Result<void> drop_edge(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view graph,
                       std::string_view reference);
// store_graph, except for the access control graph: Conflict.
Result<Graph> replace_graph(Transaction& tables, const Act& act, SchemaCache& schemas,
                            std::string_view reference, std::string_view json);
// load_graph as one text. Invalid: more than max_whole_bytes.
Result<std::string> whole_graph(Transaction& tables, std::string_view reference);

} // namespace alk::stored
