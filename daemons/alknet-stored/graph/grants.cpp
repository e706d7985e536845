#include "alknet-stored/graph/grants.hpp"

#include <algorithm>

namespace alk::stored {

void Grants::add(const Grants& other) {
  scopes.insert(other.scopes.begin(), other.scopes.end());
  for (const auto& [key, actions] : other.resources) resources[key].insert(actions.begin(), actions.end());
}

bool Grants::contains(const Grants& other) const {
  if (!std::includes(scopes.begin(), scopes.end(), other.scopes.begin(), other.scopes.end())) return false;
  return std::all_of(other.resources.begin(), other.resources.end(), [&](const auto& asked) {
    return std::all_of(asked.second.begin(), asked.second.end(), [&](const auto& action) {
      return std::any_of(resources.begin(), resources.end(), [&](const auto& held) {
        return covers(held.first, asked.first) && held.second.contains(action);
      });
    });
  });
}

Scopes intersection(const Scopes& a, const Scopes& b) {
  Scopes common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(common, common.end()));
  return common;
}

std::string_view resource_type(std::string_view key) {
  auto colon = key.find(':');
  return colon == key.npos ? std::string_view() : key.substr(0, colon + 1);
}

bool covers(std::string_view wide, std::string_view narrow) {
  if (wide == narrow) return true;
  auto type = resource_type(wide);
  return !type.empty() && wide.substr(type.size()) == "*" && narrow.starts_with(type);
}

ResourceMap intersection(const ResourceMap& a, const ResourceMap& b) {
  ResourceMap common;
  auto add = [&](const std::string& key, const Actions& x, const Actions& y) {
    auto both = intersection(x, y);
    if (!both.empty()) common[key].merge(both);
  };
  for (const auto& [key, actions] : a) {
    std::string type(resource_type(key));
    for (auto other = b.lower_bound(type); other != b.end() && other->first.starts_with(type); ++other) {
      if (covers(key, other->first))
        add(other->first, actions, other->second);
      else if (covers(other->first, key))
        add(key, actions, other->second);
    }
  }
  return common;
}

Result<void> check_spec(const AccessSpec& spec) {
  if (!spec.resource_type && (spec.resource_action || spec.resource_id))
    return fail(Kind::Invalid, "a resource's action or id without its type");
  return {};
}

bool satisfies_resource(const ResourceMap& resources, const AccessSpec& spec) {
  if (!spec.resource_type) return true;
  auto type = *spec.resource_type + ':';
  for (auto held = resources.lower_bound(type); held != resources.end() && held->first.starts_with(type);
       ++held) {
    bool same_id = !spec.resource_id || covers(held->first, type + *spec.resource_id);
    if (same_id && (!spec.resource_action || held->second.contains(*spec.resource_action))) return true;
  }
  return false;
}

bool satisfies(const Grants& grants, const AccessSpec& spec) {
  auto held = [&](const std::string& scope) { return grants.scopes.contains(scope); };
  const auto& all = spec.required_scopes;
  const auto& any = spec.required_scopes_any;
  return std::all_of(all.begin(), all.end(), held) &&
         (any.empty() || std::any_of(any.begin(), any.end(), held)) &&
         satisfies_resource(grants.resources, spec);
}

} // namespace alk::stored
