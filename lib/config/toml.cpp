// The only file that sees toml++ (header-only, 1.7 s to compile). Without exceptions, so never beside its
// shared library.
#include "base/text.hpp"
#include "config/tree.hpp"

// Bounds the recursion of parser, conversion and destructors; the schema needs four.
#define TOML_MAX_NESTED_VALUES 16
// toml++ 3.3 asserts before it checks ("[[$" as input); the checks that follow are right, so its assertions
// do nothing. Under NDEBUG they would become promises to the compiler, hence the #undef.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace alk::config {

std::string_view type_name(Node::Type type) {
  switch (type) {
  case Node::Type::Text: return "a string";
  case Node::Type::Integer: return "an integer";
  case Node::Type::Float: return "a float";
  case Node::Type::Boolean: return "a boolean";
  case Node::Type::Time: return "a date or time";
  case Node::Type::Array: return "an array";
  case Node::Type::Table: return "a table";
  }
  return "";
}

static Node convert(const toml::node& from);

static void convert_table(const toml::table& from, Node& to) {
  for (auto&& [key, value] : from)
    to.entries.push_back(
        {std::string(key.str()), static_cast<std::uint32_t>(key.source().begin.line), convert(value)});
}

static Node convert(const toml::node& from) {
  Node to;
  to.line = static_cast<std::uint32_t>(from.source().begin.line);
  switch (from.type()) {
  case toml::node_type::string: to.type = Node::Type::Text, to.text = from.as_string()->get(); break;
  case toml::node_type::integer: to.type = Node::Type::Integer, to.integer = from.as_integer()->get(); break;
  case toml::node_type::boolean: to.type = Node::Type::Boolean, to.boolean = from.as_boolean()->get(); break;
  case toml::node_type::floating_point: to.type = Node::Type::Float; break;
  case toml::node_type::array:
    to.type = Node::Type::Array;
    for (auto&& item : *from.as_array()) to.items.push_back(convert(item));
    break;
  case toml::node_type::table: convert_table(*from.as_table(), to); break;
  default: to.type = Node::Type::Time;
  }
  return to;
}

// toml++ makes a table, and a stack frame of its destructor, out of every part of a dotted key and bounds
// neither. A key stands on one line; dots in strings and comments are counted as well, so the limit leaves
// room for those.
static constexpr unsigned dots_per_line_limit = 1000;

static std::optional<std::uint32_t> find_endless_key(std::string_view document) {
  std::uint32_t line = 1;
  unsigned dots = 0;
  char before = 0;
  for (char c : document) {
    if (c == '.' && before != '.' && ++dots > dots_per_line_limit) return line;
    if (c == '\n') ++line, dots = 0;
    before = c;
  }
  return std::nullopt;
}

tl::expected<Node, SyntaxError> parse_toml(std::string_view document) {
  if (auto line = find_endless_key(document))
    return tl::unexpected(
        SyntaxError{*line, "more than " + std::to_string(dots_per_line_limit) + " dots on one line"});
  auto parsed = toml::parse(document);
  if (parsed) return convert(parsed.table());
  auto& error = parsed.error();
  return tl::unexpected(
      SyntaxError{static_cast<std::uint32_t>(error.source().begin.line), std::string(error.description())});
}

} // namespace alk::config
