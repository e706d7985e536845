// Graph types with their node and edge types, and graphs of such a type (services.md 7.2). Functions over a
// transaction: a change and its domain event are written by the same one.
//
// Errors, everywhere in the metagraph: Invalid (what is wrong, with a JSON pointer where it is about JSON),
// NotFound (which thing), Conflict (a name or key is taken, or something stands against the change), and
// those of the transaction.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/graph/schema.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

inline constexpr std::size_t max_name_bytes = 200; // of types and graphs
inline constexpr std::size_t max_key_bytes = 512;  // of nodes and edges: room for a path or a URI
inline constexpr std::size_t max_description_bytes = 4096;
inline constexpr std::size_t max_metadata_bytes = 64 * 1024;
inline constexpr std::size_t max_graph_page = 1000; // rows of one listing

enum class Direction { Directed, Undirected, Mixed };

// {"graph_type": "directed"|"undirected"|"mixed", "multi": false, "allow_self_loops": false, "acyclic":
// false}. Only the first is required; "allowSelfLoops" is understood too. `acyclic` (directed only) refuses
// an edge that would close a circle.
struct GraphConfig {
  Direction direction = Direction::Directed;
  bool multi = false;
  bool allow_self_loops = false;
  bool acyclic = false;
};
Result<GraphConfig> parse_graph_config(std::string_view json);

struct GraphType {
  std::string id;
  std::string name;
  std::string description;
  std::string config; // JSON, as given
  std::int64_t version = 1;
  std::string scope = "system"; // or "tenant", "user"
  std::string metadata = "{}";
};

struct NodeType {
  std::string id;
  std::string graph_type_id;
  std::string name;
  std::string description;
  std::string schema = "{}"; // draft-07, of the attributes
};

struct EdgeType {
  std::string id;
  std::string graph_type_id;
  std::string name;
  std::string description;
  std::string schema = "{}";
  std::vector<std::string> allowed_source_types; // names of node types; none: any
  std::vector<std::string> allowed_target_types;
};

struct Graph {
  std::string id;
  std::string graph_type_id;
  std::string name;
  std::string description;
  std::string status = "draft"; // or "active", "archived"
  std::optional<std::string> owner_id;
  std::optional<std::string> project_id;
  std::string metadata = "{}";
};

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next; // what to list after for the rest; nothing: that was all
};

// `id` is filled in. Of what is given in, `id` and `version` do not count.
Result<GraphType> create_graph_type(Transaction& tables, const Act& act, GraphType type);
Result<GraphType> find_graph_type(Transaction& tables, std::string_view id_or_name);
Result<Page<GraphType>> list_graph_types(Transaction& tables, std::string_view after_name, std::size_t limit);
Result<void> delete_graph_type(Transaction& tables, const Act& act,
                               std::string_view id); // Conflict: it has graphs

// A change of a schema raises the graph type's version; nodes and edges that are there are not checked again.
Result<NodeType> put_node_type(Transaction& tables, const Act& act,
                               NodeType type); // made, or replaced, by its name
Result<EdgeType> put_edge_type(Transaction& tables, const Act& act, EdgeType type);
Result<NodeType> find_node_type(Transaction& tables, std::string_view graph_type_id, std::string_view name);
Result<EdgeType> find_edge_type(Transaction& tables, std::string_view graph_type_id, std::string_view name);
Result<std::vector<NodeType>> list_node_types(Transaction& tables, std::string_view graph_type_id);
Result<std::vector<EdgeType>> list_edge_types(Transaction& tables, std::string_view graph_type_id);

Result<Graph> create_graph(Transaction& tables, const Act& act, Graph graph);
Result<Graph> find_graph(Transaction& tables, std::string_view id);
Result<Page<Graph>> list_graphs(Transaction& tables, std::string_view graph_type_id,
                                std::string_view after_id,
                                std::size_t limit); // of all types: ""
Result<Graph> set_graph_status(Transaction& tables, const Act& act, std::string_view id,
                               std::string_view status);
Result<void> delete_graph(Transaction& tables, const Act& act,
                          std::string_view id); // with all its nodes and edges

// For the other files of the metagraph.
// `error` with the place that it is about in front: the caller is told.
inline Failure at_place(Error error, const std::string& place) {
  error.what = place + ": " + error.what;
  return pass(std::move(error));
}
Result<void> check_name(std::string_view field, std::string_view text,
                        std::size_t limit); // 1 byte to limit, printable UTF-8
Result<void> publish_change(Transaction& tables, const Act& act, std::string_view topic,
                            const std::string& key,
                            const std::vector<std::pair<std::string, std::string>>& members); // name, JSON

} // namespace alk::stored
