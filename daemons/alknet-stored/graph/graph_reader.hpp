// What is in a graph. Errors as in metagraph.hpp.
#pragma once

#include "alknet-stored/graph/graph_writer.hpp"

namespace alk::stored {

inline constexpr std::size_t max_whole_bytes =
    16 * 1024 * 1024; // of a graph as one JSON text: the largest frame of a call

Result<Node> find_node(Transaction& tables, std::string_view graph_id, std::string_view key);
Result<Page<Node>> list_nodes(Transaction& tables, std::string_view graph_id, std::string_view after_key,
                              std::size_t limit);

Result<Edge> find_edge(Transaction& tables, std::string_view graph_id, std::string_view id);
struct EdgeFilter {
  std::string source; // "": any
  std::string target;
};
Result<Page<Edge>> list_edges(Transaction& tables, std::string_view graph_id, const EdgeFilter& filter,
                              std::string_view after_id, std::size_t limit);

// {"config": {...}, "nodes": [{"key", "type", "attributes"}], "edges": [{"key"?, "source", "target", "type",
// "attributes", "undirected"}]}, given to `sink` piece by piece. An error of the sink is passed on.
using Sink = std::function<Result<void>(std::string_view)>;
Result<void> load_graph(Transaction& tables, std::string_view graph_id, const Sink& sink);

// The same form; "config" is not looked at. What the graph had before is gone. Errors name the node or edge
// by its number.
Result<void> store_graph(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view graph_id,
                         std::string_view json);

} // namespace alk::stored
