// The one table between our error kinds and names on the bus (contracts/errors.md).
#pragma once

#include "base/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace alk::bus {

inline constexpr std::string_view error_prefix = "org.alknet.Error.";

struct ErrorName {
  Kind kind;
  std::string_view name; // whole, "org.alknet.Error.Busy"
};

std::span<const ErrorName> error_names();

std::string_view error_name(Kind kind);

// What a caller may read about an error: `what` without its trail for every kind but Broken, whose text is
// about us and stays in our log. Always UTF-8, at most `max_text` bytes.
std::string error_text(const Error& error);

// An error as a peer sent it. Names of ours keep their kind; names of the bus and of sd-bus are mapped (no
// owner, no reply, disconnected: Gone; refused by policy: Denied; unknown member: Unsupported); any other is
// Broken and keeps its name in `what`.
Error error_from_bus(std::string_view name, std::string_view text);

} // namespace alk::bus
