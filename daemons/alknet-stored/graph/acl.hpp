// Who may do what: pure computation over principals and edges. The edges come from an AclSource; nothing here
// knows where it keeps them.
//
// A principal has its own scopes and resources, those of what it belongs to, and those that others delegate
// to it: narrowed, and never more than the delegator has at that moment. An inactive principal has nothing
// and passes nothing on.
#pragma once

#include "alknet-stored/graph/grants.hpp"

#include <memory>

namespace alk::stored {

inline constexpr int max_acl_depth = 32; // deeper is no organisation, and the walk recurses
inline constexpr std::size_t max_acl_edges =
    20'000; // of one check: about 50 ms; beyond it is Busy and denied

struct AclPrincipal {
  bool active = true; // its account or organisation is
  Grants own;
};

struct AclEdge {
  enum class Kind { CanRead, CanWrite, CanExecute, BelongsTo, Delegates };
  Kind kind = Kind::BelongsTo;
  std::string source; // keys of nodes: principal, or "type:id" of a resource
  std::string target;
  Scopes narrowed_scopes;                        // Delegates only, as the rest
  std::optional<ResourceMap> narrowed_resources; // nothing: no resource passes
  bool narrowable = true;                        // the delegate may delegate further
};

std::string_view edge_name(AclEdge::Kind kind); // "can_read", ...

class AclSource {
 public:
  virtual ~AclSource() = default;
  // Nothing: there is no such principal.
  virtual Result<std::optional<AclPrincipal>> principal(const std::string& key) = 0;
  // What decides about the principal: its can_* and belongs_to edges, and the delegates edges to it. In a
  // stable order, at most `limit` of them.
  virtual Result<std::vector<AclEdge>> edges(const std::string& key, std::size_t limit) = 0;
  // Of these the belongs_to and delegates edges: for the search for circles, which has no use for the many
  // others.
  virtual Result<std::vector<AclEdge>> givers(const std::string& key, std::size_t limit) = 0;
};

// One check: what it has found out about principals it remembers, so it is made anew for the next one. All
// errors of the source are passed on; Busy: a bound is exceeded, which counts as denied.
class AclCheck {
 public:
  explicit AclCheck(AclSource& source) : source_(source) {}

  Result<Grants> effective(const std::string& key); // nothing for a principal that is not there
  Result<bool> allows(const std::string& key, const AccessSpec& spec); // Invalid: a spec that makes no sense

  std::size_t edges_visited() const { return visited_; }

 private:
  using Shared = std::shared_ptr<const Grants>;

  Result<Shared> compute(const std::string& key, std::size_t& lowest);
  Result<void> add(const std::string& key, const AclEdge& edge, Grants& grants, std::size_t& lowest);

  AclSource& source_;
  std::map<std::string, Shared> known_;
  std::map<std::string, std::size_t> open_; // being computed, and how deep: a circle ends there
  std::size_t visited_ = 0;
};

// May `edge` be made? Conflict: it would close a circle, the delegator may not delegate further, or it has
// not got what it delegates. `source` does not have the edge yet.
Result<void> check_new_edge(AclSource& source, const AclEdge& edge);

// Why, or why not: for each thing asked for, the edges by which it came, or the one that stopped it.
struct AclFinding {
  std::string asked; // "scope relay:connect", "resource project:7 read"
  bool granted = false;
  std::vector<AclEdge> path;  // from the asked principal to the holder; empty: it is the principal's own
  std::string holder;         // who holds it; empty: nobody within reach does
  std::optional<AclEdge> cut; // not granted: the edge that lets it not pass
  std::string inactive;       // not granted: the principal on the path that is not active
};

struct AclExplanation {
  bool granted = false;
  std::vector<AclFinding> findings; // of required_scopes_any the one that is granted, else all
};

Result<AclExplanation> explain_access(AclSource& source, const std::string& key, const AccessSpec& spec);

} // namespace alk::stored
