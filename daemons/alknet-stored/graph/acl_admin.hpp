// What administrators do to the access control graph. A principal is named "account:EMAIL-OR-ID" or only its
// email address or id, "service:EMAIL-OR-ID" (an account as well), "org:SLUG-OR-ID" or "role:NAME"; it gets
// its node when it is first given something. Errors as in metagraph.hpp. Every change leaves a row in the
// audit log.
#pragma once

#include "alknet-stored/graph/acl_graph.hpp"

namespace alk::stored {

// The key of its node. NotFound: no such account or organisation. Invalid: none of these forms.
Result<std::string> principal_key(Transaction& tables, std::string_view reference);

// Adds to, or takes from, what the principal itself has; the answer is what it has then. NotFound: it has not
// got what is to be taken.
Result<Grants> grant_access(Transaction& tables, const Act& act, SchemaCache& schemas,
                            std::string_view principal, const Grants& more);
Result<Grants> revoke_access(Transaction& tables, const Act& act, SchemaCache& schemas,
                             std::string_view principal, const Grants& less);

// Passes a part of what `from` has to `to`, or changes that part. Conflict: see check_new_edge.
struct Delegation {
  Grants narrowed;
  bool further = true; // `to` may delegate it again
};
Result<Edge> delegate_access(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view from,
                             std::string_view to, const Delegation& part);
// `principal` has what the role has. Memberships of organisations are made by organisations.hpp.
Result<Edge> join_role(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view principal,
                       std::string_view role);
// Ends a delegation, or a role.
Result<void> unlink_access(Transaction& tables, const Act& act, SchemaCache& schemas, std::string_view from,
                           std::string_view to);

struct PrincipalView {
  std::string key;
  std::string name; // for people: an email address, a slug, a role
  bool active = true;
  Grants own;
  std::vector<AclEdge> edges; // max_shown_edges of those that give it something, at most
};
inline constexpr std::size_t max_shown_edges = 100;
inline constexpr std::size_t max_shown_principals = 100; // of one page
Result<std::vector<PrincipalView>> list_principals(Transaction& tables, std::string_view after_key);

// "account:X -belongs_to-> org:Y"
std::string edge_text(const AclEdge& edge);

} // namespace alk::stored
