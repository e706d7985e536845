// The data files of this directory: lines of fields with '|' between them, '#' for what they are.
#pragma once

#include "alknet-secretd/arena.hpp"
#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

#include <gtest/gtest.h>

namespace alk::secretd::testing {

inline std::vector<std::vector<std::string>> vectors(const std::string& name) {
  auto text = read_file(std::string(ALK_VECTORS) + "/" + name, 1 << 20);
  EXPECT_TRUE(text) << name;
  std::vector<std::vector<std::string>> rows;
  for (std::string_view line : split(text ? std::string_view(*text) : std::string_view(), '\n')) {
    if (line.empty() || line.front() == '#') continue;
    auto& row = rows.emplace_back();
    for (std::string_view field : split(line, '|')) row.emplace_back(field);
  }
  return rows;
}

inline std::string unhex(std::string_view text) {
  auto bytes = hex_decode(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or("");
}

inline std::string hex(std::span<const std::byte> bytes) {
  return hex_encode(as_text(bytes));
}

inline std::unique_ptr<Arena> make_arena(std::size_t size = arena_size) {
  auto arena = Arena::make(size);
  EXPECT_TRUE(arena) << (arena ? "" : arena.error().describe());
  return arena ? std::move(*arena) : nullptr;
}

inline constexpr std::string_view abandon =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

} // namespace alk::secretd::testing
