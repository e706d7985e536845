// UTF-8 text as code points, for lengths and patterns of JSON Schema. The text is well formed: a JSON parser
// has seen it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alk::stored {

// The code point at `at`, which moves behind it. An ill-formed byte counts as one code point of its own
// value.
inline char32_t next_code_point(std::string_view text, std::size_t& at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto first = byte(at);
  std::size_t more = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  if (first < 0x80 || more == 0 || at + more >= text.size()) return static_cast<char32_t>(byte(at++));
  char32_t point = first & (0x3FU >> more);
  for (std::size_t i = 1; i <= more; ++i) point = point << 6U | (byte(at + i) & 0x3FU);
  at += more + 1;
  return point;
}

inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

} // namespace alk::stored
