// Small operations on text that more than one room needs.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk {

std::string_view trim(std::string_view text); // spaces, tabs, CR, LF at both ends
std::vector<std::string_view> split(std::string_view text, char separator);
std::string to_lower(std::string_view text);                      // ASCII only
std::optional<std::uint64_t> parse_number(std::string_view text); // decimal digits only, no sign, no overflow
std::optional<std::uint16_t> parse_port(std::string_view text);   // 0-65535

// Well-formed UTF-8 (no overlong forms, no surrogates) without NUL: what D-Bus and JSON accept as a string.
bool is_utf8(std::string_view text);

// Text that a peer chose, made safe for one token of a log line: control characters, space, quote, '=',
// backslash and every non-ASCII byte become \xHH, and what exceeds `limit` bytes of the original is cut and
// marked with "...".
inline constexpr std::size_t log_token_limit = 256;
std::string escape_token(std::string_view text, std::size_t limit = log_token_limit);

// Whole file, refused above `limit` bytes (Invalid). Regular files, FIFOs and /dev/stdin work alike.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// Creates or replaces `path` with exactly `content` and `mode`: temporary file in the same directory, fsync,
// rename.
Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode);

// The same for a name that must be free: an existing file is left alone (Conflict).
Result<void> create_file(const std::string& path, std::string_view content, unsigned mode);

} // namespace alk
