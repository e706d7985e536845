// What a schema is compiled to: nodes that name each other by number, every reference resolved. Internal to
// schema*.cpp.
#pragma once

#include "alknet-stored/graph/json_value.hpp"
#include "alknet-stored/graph/pattern.hpp"
#include "alknet-stored/graph/schema.hpp"

#include <optional>
#include <utility>

namespace alk::stored {

using NodeIndex = std::optional<std::uint32_t>;

enum JsonType : unsigned {
  NullType = 1,
  BooleanType = 2,
  IntegerType = 4,
  NumberType = 8,
  StringType = 16,
  ArrayType = 32,
  ObjectType = 64,
};

struct SchemaDependency {
  std::string member;
  std::vector<std::string> members;
  NodeIndex schema;
};

struct SchemaNode {
  std::string where; // pointer in its document
  bool never = false;
  NodeIndex reference; // then nothing else counts
  unsigned types = 0;  // JsonType; 0: any
  std::optional<Json> constant;
  std::optional<std::vector<Json>> choices;
  std::optional<Json> multiple_of, maximum, exclusive_maximum, minimum, exclusive_minimum;
  std::optional<std::uint64_t> max_length, min_length, max_items, min_items, max_properties, min_properties;
  std::optional<Pattern> pattern;
  bool unique_items = false;
  std::vector<std::string> required;
  std::vector<std::uint32_t> all_of, any_of, one_of;
  NodeIndex negation, condition, consequence, alternative;
  NodeIndex items, additional_items, contains;
  std::optional<std::vector<std::uint32_t>> tuple;
  std::map<std::string, std::uint32_t, std::less<>> properties;
  std::vector<std::pair<Pattern, std::uint32_t>> pattern_properties;
  NodeIndex additional_properties, property_names;
  std::vector<SchemaDependency> dependencies;
};

struct SchemaProgram {
  std::vector<SchemaNode> nodes; // the first is the schema itself
};

extern const std::string_view draft7_uri;  // without fragment
extern const std::string_view draft7_text; // its constraints, without descriptions and formats

// `root` and `known` have been read already; `root` conforms to the meta-schema (or is it).
Result<SchemaProgram> compile_program(const Json& root, const std::map<std::string, Json>& known);

Result<std::vector<Violation>> evaluate(const SchemaProgram& program, const Json& value);

} // namespace alk::stored
