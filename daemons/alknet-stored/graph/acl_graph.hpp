// The ACL graph (services.md 7.5): an ordinary graph of type "acl", whose type is made here, read as an
// AclSource. Nodes are principals and resources (key "type:id"); whether an account or organisation is active
// is asked of its row.
#pragma once

#include "alknet-stored/graph/acl.hpp"
#include "alknet-stored/graph/graph_writer.hpp"

namespace alk::stored {

inline constexpr std::string_view acl_graph_type = "acl";
inline constexpr std::string_view acl_graph_name = "acl"; // the one graph that checks are made on

// The type with its node and edge types, and the graph: made when they are not there. The graph's id.
Result<std::string> ensure_acl_graph(Transaction& tables, const Act& act);
Result<std::string> find_acl_graph(Transaction& tables); // NotFound

// Keys of the principals' nodes.
std::string account_key(std::string_view account_id);  // "account:ID"
std::string organization_key(std::string_view org_id); // "org:ID"

class AclTables : public AclSource {
 public:
  AclTables(Transaction& tables, std::string graph_id) : tables_(tables), graph_id_(std::move(graph_id)) {}
  Result<std::optional<AclPrincipal>> principal(const std::string& key) override;
  Result<std::vector<AclEdge>> edges(const std::string& key, std::size_t limit) override;
  Result<std::vector<AclEdge>> givers(const std::string& key, std::size_t limit) override;

 private:
  Result<std::vector<AclEdge>> read(std::string_view outgoing, const std::string& key, std::size_t limit);

  Transaction& tables_;
  std::string graph_id_;
};

// What the ACL asks of a node beyond its schema: a key that says the same as the attributes.
Result<void> check_acl_node(const Node& node);
// What the ACL asks of an edge beyond its schema; `edge` may be there already, with other attributes.
Result<void> check_acl_edge(Transaction& tables, const std::string& graph_id, const Edge& edge);

// On the database's one ACL graph.
Result<bool> check_access(Transaction& tables, const std::string& principal, const AccessSpec& spec);
Result<AclExplanation> explain_access(Transaction& tables, const std::string& principal,
                                      const AccessSpec& spec);

// What somebody has by the graph, with memberships, roles and delegations; nothing when there is no graph.
Result<Grants> effective_grants(Transaction& tables, const std::string& principal);
// The same of an account, as a person and as a service.
Result<Grants> account_grants(Transaction& tables, std::string_view account_id);

// Makes the belongs_to edges between accounts and organisations what organization_members says, with the
// principals that they need. The answer is how many edges were made or removed.
Result<std::size_t> derive_memberships(Transaction& tables, const Act& act, SchemaCache& schemas);
// The same for one pair; to be called in the transaction that changed the row.
// Conflict: the account has delegated to the organisation, and would get that back.
Result<void> derive_membership(Transaction& tables, const Act& act, std::string_view org_id,
                               std::string_view account_id);
// A principal that is gone for good: its node, with what it was granted and had delegated.
Result<void> forget_principal(Transaction& tables, const Act& act, const std::string& key);
// Conflict: the edge is derived, and goes with its row alone.
Result<void> check_acl_edge_removal(Transaction& tables, const Edge& edge);

} // namespace alk::stored
