// A parsed TOML document without toml++ in sight: what one file says, with a line for everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace alk::config {

struct Entry;

struct Node {
  enum class Type { Text, Integer, Float, Boolean, Time, Array, Table };
  Type type = Type::Table;
  std::uint32_t line = 0; // from 1
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Node> items;    // Array
  std::vector<Entry> entries; // Table, sorted by key
};

struct Entry {
  std::string key;
  std::uint32_t line = 0;
  Node value;
};

std::string_view type_name(Node::Type type); // "a string", for messages

struct SyntaxError {
  std::uint32_t line = 0;
  std::string text;
};

// TOML 1.0. toml++ stops at the first error of a document.
tl::expected<Node, SyntaxError> parse_toml(std::string_view document);

} // namespace alk::config
