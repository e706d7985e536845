// Values against one schema that uses every keyword.
#include "alknet-stored/graph/schema.hpp"

#include <cstdlib>

using namespace alk::stored;

namespace {

const Schema& schema() {
  static const Schema compiled = Schema::compile(R"({
    "type": ["object", "array", "string", "number"], "minProperties": 1, "maxProperties": 5, "required": ["a"],
    "properties": {"a": {"$ref": "#"}, "b": {"enum": [1, 2.5, "x", null, [1], {"k": 1}]}, "c": {"const": {"x": [1.0]}}},
    "patternProperties": {"^(x+)+$": {"type": "integer"}}, "additionalProperties": {"$ref": "#/definitions/other"},
    "propertyNames": {"maxLength": 9}, "dependencies": {"b": ["c"], "c": {"required": ["d"]}},
    "items": [{"type": "integer", "multipleOf": 0.01}, {"not": {"type": "null"}}], "additionalItems": {"$ref": "#"},
    "uniqueItems": true, "contains": {"minimum": -1, "exclusiveMaximum": 1e9}, "minItems": 1, "maxItems": 99,
    "minLength": 1, "maxLength": 99, "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$|\\d{2,3}|\\bq",
    "if": {"type": "object"}, "then": {"anyOf": [{"required": ["b"]}, {"required": ["c"]}, {"minProperties": 1}]},
    "else": {"oneOf": [{"type": "string"}, {"type": "array"}, {"type": "number"}]},
    "definitions": {"other": {"allOf": [{"type": ["string", "number"]}, {"maximum": 9007199254740993}]}}})")
                                     .value();
  return compiled;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto verdict = schema().validate({reinterpret_cast<const char*>(data), size});
  if (verdict && verdict->size() > max_violations) std::abort();
  return 0;
}
