// JSON Schema draft-07 (json-schema-org/draft-handrews-json-schema-validation-01) for the attributes of nodes
// and edges: compiled once, cached by type and version, with every cost bounded. `format`, `contentEncoding`
// and `contentMediaType` are annotations and are not judged. Nothing is fetched: a reference to another
// document is Unsupported, except to the draft-07 meta-schema, which is built in.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alk::stored {

inline constexpr std::size_t max_schema_bytes = 64 * 1024; // the largest in common use have half of that
inline constexpr std::size_t max_value_bytes = 256 * 1024; // attributes are a record, not a document store
inline constexpr std::size_t max_violations = 32;          // enough to repair by; the rest is not looked for
inline constexpr std::size_t max_in_place =
    64; // schemas applied to one value through $ref, allOf, ... in a row
inline constexpr int max_evaluation_depth = 512; // stack frames of a validation
inline constexpr std::uint64_t max_validation_work =
    4'000'000; // schemas applied, values compared, pattern steps: about 0.1 s
inline constexpr std::size_t max_cached_schemas = 256;

struct Violation {
  std::string pointer; // RFC 6901, into the value: "" is the whole
  std::string keyword; // pointer to the keyword, into the schema (its own document)
  std::string message; // says what is asked for, never quotes the value
  bool operator==(const Violation&) const = default;
};

// "/name: is shorter than 3 characters; /size: is not one of: integer", for an Error of kind Invalid.
std::string describe(const std::vector<Violation>& violations);

struct SchemaProgram; // what a schema is compiled to

// A document that references may lead to.
struct SchemaDocument {
  std::string uri;  // absolute, without fragment
  std::string text; // JSON
};

class Schema {
 public:
  // Invalid: not JSON, not a draft-07 schema, beyond a limit, references that lead nowhere or in circles.
  // Unsupported: a reference to a document that is not among `known`, or a regular expression that would need
  // backtracking.
  static Result<Schema> compile(std::string_view text, const std::vector<SchemaDocument>& known = {});

  // Nothing for a value that conforms. Invalid: not JSON, or beyond a limit. Busy never: too much work is
  // Invalid too, as it will be too much again.
  Result<std::vector<Violation>> validate(std::string_view value) const;

 private:
  explicit Schema(std::shared_ptr<const SchemaProgram> program) : program_(std::move(program)) {}

  std::shared_ptr<const SchemaProgram> program_; // immutable
};

// The schemas used last, by (type id, version of the type). Belongs to one thread.
class SchemaCache {
 public:
  // Compiled now when unknown, or when it was compiled from another text (a version that was rolled back).
  // The pointer is good until the next call.
  Result<const Schema*> get(const std::string& type_id, std::int64_t version, std::string_view text);
  std::size_t size() const { return entries_.size(); }

 private:
  using Key = std::pair<std::string, std::int64_t>;
  struct Entry {
    Key key;
    std::string text;
    Schema schema;
  };
  std::list<Entry> entries_; // used last, first
  std::map<Key, std::list<Entry>::iterator> index_;
};

} // namespace alk::stored
