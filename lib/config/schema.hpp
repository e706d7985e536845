// Sections and keys of alknet.toml: one file at a time into the structs, then what only the whole can tell.
#pragma once

#include "config/report.hpp"
#include "config/section.hpp"
#include "config/tree.hpp"

#include <variant>

namespace alk::config {

// [limits], one row a key, in the order of the documentation.
template <class Values>
struct NumberKey {
  std::string_view key;
  std::variant<std::uint32_t Values::*, std::chrono::seconds Values::*> member;
  Range range; // durations in seconds
};
using LimitKey = NumberKey<Limits>;
using PenaltyKey = NumberKey<Penalties>; // of [limits.penalties]

std::span<const LimitKey> limit_keys();
std::span<const PenaltyKey> penalty_keys();

// Later files override scalars and arrays of strings; arrays of tables append. Without a document only the
// keys that exist are recorded.
void read_document(const Node* document, Configuration& into, Report& report);

// Once, after the last file: paths that do not begin with "/" stand in `directory`.
void resolve_paths(const std::string& directory, Configuration& into);

// After the last file: what keys mean together, and what is allowed but risky.
void check_whole(const Configuration& whole, Report& report);

// Plain key files that anybody on the machine may read. Looks at the disk.
void check_key_files(const Configuration& whole, Report& report);

} // namespace alk::config
