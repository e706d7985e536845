// Faults of the machine that an operator has to hear of, whichever engine met them.
#pragma once

#include "base/result.hpp"

namespace alk::stored {

inline constexpr std::string_view storage_full = "storage full";       // Kind::Busy
inline constexpr std::string_view damaged = "the database is damaged"; // Kind::Broken, with more after it

inline bool is_full(const Error& error) {
  return error.kind == Kind::Busy && error.what == storage_full;
}

inline bool is_damaged(const Error& error) {
  return error.kind == Kind::Broken && error.what.starts_with(damaged);
}

} // namespace alk::stored
