// Changes to the nodes and edges of one graph, with every check of services.md 7.2, in the transaction that
// writes. Errors as in metagraph.hpp.
//
// The name of a node's type stands in its metadata ("type"); an edge's stands there and in its attributes
// ("edge_type"), which its schema does not get to see.
#pragma once

#include "alknet-stored/graph/metagraph.hpp"

namespace alk::stored {

struct Node {
  std::string id; // made by add_node
  std::string graph_id;
  std::string key;
  std::string type; // name of a node type
  std::string attributes = "{}";
  std::string metadata = "{}";
};

struct Edge {
  std::string id; // made by add_edge
  std::string graph_id;
  std::optional<std::string> key; // unique in the graph, unless there is none
  std::string source;             // keys of nodes
  std::string target;
  std::string type;
  std::string attributes = "{}";
  bool undirected = false;
  std::string metadata = "{}";
};

class GraphWriter {
 public:
  // All three are used as long as the writer lives.
  static Result<GraphWriter> open(Transaction& tables, const Act& act, SchemaCache& schemas,
                                  std::string_view graph_id);

  Result<Node> add_node(Node node);
  Result<Node> update_node(std::string_view key, std::string_view attributes); // replaces all of them
  Result<void> delete_node(std::string_view key);                              // with its edges

  Result<Edge> add_edge(Edge edge);
  Result<Edge> update_edge(std::string_view id, std::string_view attributes);
  Result<void> delete_edge(std::string_view id);

  // For many: from here on a circle in an acyclic graph is looked for by finish() alone, once, and types of
  // nodes that are added are remembered.
  void begin_many() { many_ = true; }
  Result<void> finish();

  const Graph& graph() const { return graph_; }

 private:
  GraphWriter(Transaction& tables, const Act& act, SchemaCache& schemas)
      : tables_(tables), act_(act), schemas_(schemas) {}

  Result<const NodeType*> node_type(const std::string& name);
  Result<const EdgeType*> edge_type(const std::string& name);
  Result<void> check_attributes(const std::string& type_id, std::string_view schema,
                                std::string_view attributes);
  Result<std::string> type_of_node(const std::string& key, const char* end);
  Result<void> check_ends(const Edge& edge, const EdgeType& type);
  Result<void> check_place(const Edge& edge); // direction, self-loop, parallel, circle
  Result<void> check_parallel(const Edge& edge);
  Result<void> tell(const char* topic, const Node& node);
  Result<void> tell(const char* topic, const Edge& edge);
  Result<void> tell_acl(const std::string& id);

  Transaction& tables_;
  const Act& act_;
  SchemaCache& schemas_;
  Graph graph_;
  GraphType type_;
  GraphConfig config_;
  std::map<std::string, NodeType> node_types_;
  std::map<std::string, EdgeType> edge_types_;
  std::map<std::string, std::string> added_; // key and type
  bool many_ = false;
};

} // namespace alk::stored
