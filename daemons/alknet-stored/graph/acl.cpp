#include "alknet-stored/graph/acl.hpp"

#include <algorithm>

namespace alk::stored {

std::string_view edge_name(AclEdge::Kind kind) {
  switch (kind) {
  case AclEdge::Kind::CanRead: return "can_read";
  case AclEdge::Kind::CanWrite: return "can_write";
  case AclEdge::Kind::CanExecute: return "can_execute";
  case AclEdge::Kind::BelongsTo: return "belongs_to";
  case AclEdge::Kind::Delegates: break;
  }
  return "delegates";
}

namespace {

constexpr std::size_t nowhere = ~std::size_t{0};

// The other principal of an edge that decides about `key`: whose grants come in.
const std::string& giver(const AclEdge& edge) {
  return edge.kind == AclEdge::Kind::Delegates ? edge.source : edge.target;
}

} // namespace

Result<Grants> AclCheck::effective(const std::string& key) {
  auto lowest = nowhere;
  ALK_TRY(auto grants, compute(key, lowest));
  return *grants;
}

Result<bool> AclCheck::allows(const std::string& key, const AccessSpec& spec) {
  ALK_TRY_VOID(check_spec(spec));
  auto lowest = nowhere;
  ALK_TRY(auto grants, compute(key, lowest));
  return satisfies(*grants, spec);
}

// `lowest` becomes the depth of the outermost open principal that this result did without: such a result is
// complete for that principal alone, and is remembered only where it is the outermost one itself. Writers let
// no circle arise, so this matters only to a database that somebody else has written to.
Result<AclCheck::Shared> AclCheck::compute(const std::string& key, std::size_t& lowest) {
  static const auto nothing = std::make_shared<const Grants>();
  if (auto known = known_.find(key); known != known_.end()) return known->second;
  if (auto open = open_.find(key); open != open_.end()) {
    lowest = std::min(lowest, open->second);
    return nothing;
  }
  auto depth = open_.size();
  if (depth > max_acl_depth) return fail(Kind::Busy, "access check: the graph is too deep");
  ALK_TRY(auto principal, source_.principal(key));
  if (!principal || !principal->active) return known_[key] = nothing;
  open_.emplace(key, depth);
  ALK_TRY(auto edges, source_.edges(key, max_acl_edges - visited_ + 1));
  auto grants = std::move(principal->own);
  auto below = nowhere;
  for (const auto& edge : edges) {
    if (++visited_ > max_acl_edges) return fail(Kind::Busy, "access check: too many edges");
    ALK_TRY_VOID(add(key, edge, grants, below));
  }
  open_.erase(key);
  auto shared = std::make_shared<const Grants>(std::move(grants));
  if (below >= depth) {
    known_[key] = shared;
  } else {
    lowest = std::min(lowest, below);
  }
  return shared;
}

Result<void> AclCheck::add(const std::string& key, const AclEdge& edge, Grants& grants, std::size_t& lowest) {
  auto act = [&](const char* action) -> Result<void> {
    grants.resources[edge.target].insert(action);
    return {};
  };
  switch (edge.kind) {
  case AclEdge::Kind::CanRead: return act("read");
  case AclEdge::Kind::CanWrite: return act("write");
  case AclEdge::Kind::CanExecute: return act("execute");
  case AclEdge::Kind::BelongsTo:
  case AclEdge::Kind::Delegates: break;
  }
  if (giver(edge) == key) return {};
  ALK_TRY(auto given, compute(giver(edge), lowest));
  if (edge.kind == AclEdge::Kind::BelongsTo) {
    grants.add(*given);
    return {};
  }
  Grants narrowed{intersection(edge.narrowed_scopes, given->scopes), {}};
  if (edge.narrowed_resources) narrowed.resources = intersection(*edge.narrowed_resources, given->resources);
  grants.add(narrowed);
  return {};
}

namespace {

// Whether `from` has, by whatever edges, something of `to`.
Result<bool> depends_on(AclSource& source, const std::string& from, const std::string& to) {
  std::set<std::string> seen = {from};
  std::vector<std::string> todo = {from};
  std::size_t visited = 0;
  while (!todo.empty()) {
    auto key = std::move(todo.back());
    todo.pop_back();
    if (key == to) return true;
    ALK_TRY(auto edges, source.givers(key, max_acl_edges - visited + 1));
    for (const auto& edge : edges) {
      if (++visited > max_acl_edges) return fail(Kind::Busy, "access check: too many edges");
      if (seen.insert(giver(edge)).second) todo.push_back(giver(edge));
    }
  }
  return false;
}

Result<void> check_delegation(AclSource& source, const AclEdge& edge) {
  ALK_TRY(auto received, source.givers(edge.source, max_acl_edges + 1));
  for (const auto& other : received)
    if (other.kind == AclEdge::Kind::Delegates && !other.narrowable)
      return fail(Kind::Conflict,
                  "the delegator may not delegate further: what it has was delegated as not narrowable");
  ALK_TRY(auto held, AclCheck(source).effective(edge.source));
  if (!std::includes(held.scopes.begin(), held.scopes.end(), edge.narrowed_scopes.begin(),
                     edge.narrowed_scopes.end()))
    return fail(Kind::Conflict, "the delegator has not all of the scopes that it delegates");
  return {};
}

} // namespace

Result<void> check_new_edge(AclSource& source, const AclEdge& edge) {
  if (edge.kind != AclEdge::Kind::BelongsTo && edge.kind != AclEdge::Kind::Delegates) return {};
  const auto& taker = edge.kind == AclEdge::Kind::Delegates ? edge.target : edge.source;
  ALK_TRY(auto circle, depends_on(source, giver(edge), taker));
  if (circle) return fail(Kind::Conflict, "the edge would close a circle of memberships and delegations");
  if (edge.kind == AclEdge::Kind::Delegates) return check_delegation(source, edge);
  return {};
}

} // namespace alk::stored
