// What somebody may do: scopes, compared as whole strings, and resources: "type:id" (or "type:*", any id)
// with actions.
#pragma once

#include "base/result.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace alk::stored {

using Scopes = std::set<std::string, std::less<>>;
using Actions = std::set<std::string, std::less<>>;
using ResourceMap = std::map<std::string, Actions, std::less<>>;

struct Grants {
  Scopes scopes;
  ResourceMap resources;

  void add(const Grants& other);
  bool contains(const Grants& other) const; // everything of `other`, with "type:*" covering each id
  bool operator==(const Grants&) const = default;
};

Scopes intersection(const Scopes& a, const Scopes& b);
// "project:7" under "project:*" is "project:7"; a key whose actions have nothing in common is not there.
ResourceMap intersection(const ResourceMap& a, const ResourceMap& b);

// "type:" of "type:id", with the colon; empty when there is none.
std::string_view resource_type(std::string_view key);
bool covers(std::string_view wide, std::string_view narrow); // equal, or "type:*" and one of that type

// What an operation asks for.
struct AccessSpec {
  std::vector<std::string> required_scopes;     // all of them
  std::vector<std::string> required_scopes_any; // one of them; none listed: no constraint
  std::optional<std::string> resource_type;
  std::optional<std::string> resource_id;     // nothing: some resource of that type
  std::optional<std::string> resource_action; // nothing: any
};

Result<void> check_spec(const AccessSpec& spec); // Invalid: an id or an action without a type
bool satisfies(const Grants& grants, const AccessSpec& spec);
bool satisfies_resource(const ResourceMap& resources, const AccessSpec& spec);

} // namespace alk::stored
