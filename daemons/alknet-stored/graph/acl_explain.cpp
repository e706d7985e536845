// One thing that is asked for reaches a principal over edges that let it pass: a search for its holder. When
// none is found, the same search over all edges, passing or not, finds the edge that is to blame.
#include "alknet-stored/graph/acl.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

// One scope, or one resource. When all three parts of a resource are given, what passes an edge is exactly
// known.
struct Ask {
  std::optional<std::string> scope;
  AccessSpec resource;

  std::string text() const {
    if (scope) return "scope " + *scope;
    return "resource " + *resource.resource_type + ':' + resource.resource_id.value_or("(any)") + ' ' +
           resource.resource_action.value_or("(any action)");
  }
  bool held_in(const Scopes& scopes, const ResourceMap& resources) const {
    return scope ? scopes.contains(*scope) : satisfies_resource(resources, resource);
  }
  bool passes(const AclEdge& edge) const {
    return edge.kind == AclEdge::Kind::BelongsTo ||
           held_in(edge.narrowed_scopes, edge.narrowed_resources.value_or(ResourceMap{}));
  }
};

const char* action_of(AclEdge::Kind kind) {
  switch (kind) {
  case AclEdge::Kind::CanRead: return "read";
  case AclEdge::Kind::CanWrite: return "write";
  case AclEdge::Kind::CanExecute: return "execute";
  default: return nullptr;
  }
}

struct Found {
  std::vector<AclEdge> path; // from the asked principal on; the last may be a can_* edge
  std::vector<bool> active;  // of the principals on the path, the asked one first
  std::string holder;
};

// Breadth first, so that the path found is a shortest one.
class Search {
 public:
  Search(AclSource& source, const Ask& ask, bool blind) : source_(source), ask_(ask), blind_(blind) {}

  Result<std::optional<Found>> from(const std::string& key) {
    seen_.insert(key);
    reached_.push_back({key, {}, nowhere, false});
    for (std::size_t at = 0; at < reached_.size(); ++at) { // which grows meanwhile
      ALK_TRY(auto found, look_at(at));
      if (found) return found;
    }
    return std::optional<Found>();
  }

 private:
  static constexpr std::size_t nowhere = ~std::size_t{0};
  struct Reached {
    std::string key;
    AclEdge edge; // by which, unless it is the first
    std::size_t from = nowhere;
    bool active = false;
  };

  Result<std::optional<Found>> look_at(std::size_t at) {
    auto key = reached_[at].key;
    ALK_TRY(auto principal, source_.principal(key));
    reached_[at].active = principal && principal->active;
    if (!principal || (!principal->active && !blind_)) return std::optional<Found>();
    if (ask_.held_in(principal->own.scopes, principal->own.resources)) return found_at(at);
    ALK_TRY(auto edges, source_.edges(key, max_acl_edges - visited_ + 1));
    for (auto& edge : edges) {
      if (++visited_ > max_acl_edges) return fail(Kind::Busy, "access check: too many edges");
      if (auto action = action_of(edge.kind)) {
        if (!ask_.held_in({}, {{edge.target, {action}}})) continue;
        auto found = found_at(at);
        found->path.push_back(std::move(edge));
        return found;
      }
      auto next = edge.kind == AclEdge::Kind::Delegates ? edge.source : edge.target;
      if ((blind_ || ask_.passes(edge)) && seen_.insert(next).second)
        reached_.push_back({std::move(next), std::move(edge), at, false});
    }
    return std::optional<Found>();
  }

  std::optional<Found> found_at(std::size_t at) const {
    Found found;
    found.holder = reached_[at].key;
    for (; at != nowhere; at = reached_[at].from) {
      found.active.push_back(reached_[at].active);
      if (reached_[at].from != nowhere) found.path.push_back(reached_[at].edge);
    }
    std::reverse(found.path.begin(), found.path.end());
    std::reverse(found.active.begin(), found.active.end());
    return found;
  }

  AclSource& source_;
  const Ask& ask_;
  bool blind_; // passes through everything
  std::set<std::string> seen_;
  std::vector<Reached> reached_;
  std::size_t visited_ = 0;
};

// The principal that `edge` leads to, seen from the asked one.
const std::string& next_on(const AclEdge& edge) {
  return edge.kind == AclEdge::Kind::Delegates ? edge.source : edge.target;
}

// What stopped it first, on its way from the holder.
void blame(const std::string& key, const Ask& ask, const Found& found, AclFinding& finding) {
  finding.path = found.path;
  finding.holder = found.holder;
  for (auto i = found.active.size(); i-- > 0;) {
    if (!found.active[i]) {
      finding.inactive = i == 0 ? key : next_on(found.path[i - 1]);
      return;
    }
    if (i > 0 && !ask.passes(found.path[i - 1])) {
      finding.cut = found.path[i - 1];
      return;
    }
  }
  // Each edge lets something of the kind through, and no one thing passes them all: the first delegation is
  // as good as any.
  auto delegation = std::find_if(found.path.begin(), found.path.end(),
                                 [](const AclEdge& edge) { return edge.kind == AclEdge::Kind::Delegates; });
  if (delegation != found.path.end()) finding.cut = *delegation;
}

// The ask as something definite that is there: "any project" becomes the project found.
Ask definite(Ask ask, const Grants& grants) {
  if (ask.scope) return ask;
  auto type = *ask.resource.resource_type + ':';
  for (const auto& [key, actions] : grants.resources) {
    AccessSpec one = ask.resource;
    if (!satisfies_resource({{key, actions}}, one)) continue;
    if (!one.resource_id) one.resource_id = key.substr(type.size());
    if (!one.resource_action && !actions.empty()) one.resource_action = *actions.begin();
    ask.resource = one;
    return ask;
  }
  return ask;
}

Result<AclFinding> find_out(AclSource& source, const std::string& key, const Grants& grants, const Ask& ask) {
  AclFinding finding;
  finding.asked = ask.text();
  finding.granted = ask.held_in(grants.scopes, grants.resources);
  auto exact = finding.granted ? definite(ask, grants) : ask;
  ALK_TRY(auto found, Search(source, exact, !finding.granted).from(key));
  if (!found) return finding;
  if (!finding.granted) {
    blame(key, ask, *found, finding);
    return finding;
  }
  finding.path = std::move(found->path);
  finding.holder = std::move(found->holder);
  return finding;
}

} // namespace

Result<AclExplanation> explain_access(AclSource& source, const std::string& key, const AccessSpec& spec) {
  ALK_TRY_VOID(check_spec(spec));
  ALK_TRY(auto grants, AclCheck(source).effective(key));
  AclExplanation explanation;
  explanation.granted = satisfies(grants, spec);
  auto ask = [&](Ask asked) -> Result<void> {
    ALK_TRY(auto finding, find_out(source, key, grants, asked));
    explanation.findings.push_back(std::move(finding));
    return {};
  };
  for (const auto& scope : spec.required_scopes) ALK_TRY_VOID(ask({scope, {}}));
  const auto& any = spec.required_scopes_any;
  auto held =
      std::find_if(any.begin(), any.end(), [&](const auto& scope) { return grants.scopes.contains(scope); });
  for (auto scope = held == any.end() ? any.begin() : held; scope != any.end(); ++scope) {
    ALK_TRY_VOID(ask({*scope, {}}));
    if (scope == held) break;
  }
  if (spec.resource_type) {
    AccessSpec resource;
    resource.resource_type = spec.resource_type;
    resource.resource_id = spec.resource_id;
    resource.resource_action = spec.resource_action;
    ALK_TRY_VOID(ask({std::nullopt, resource}));
  }
  return explanation;
}

} // namespace alk::stored
