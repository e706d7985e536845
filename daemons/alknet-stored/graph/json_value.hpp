// JSON read with bounds, and compared by value. For the few files that need the parsed form: everybody else
// passes JSON as text.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

namespace alk::stored {

using Json = nlohmann::json;

inline constexpr int max_json_depth = 64; // deeper is nobody's data, and readers recurse

// One JSON text (RFC 8259) in well-formed UTF-8. Invalid: not JSON (with the byte where), longer than
// `max_bytes`, deeper than max_json_depth, a number beyond a double, or an object that has a member twice:
// its readers would not agree on the value.
Result<Json> read_json(std::string_view text, std::size_t max_bytes);

// A total order in which equal means equal as JSON Schema has it: 1 and 1.0 are, whatever their size; members
// have no order. Every value looked at is taken from `budget`, which may end at 0: then the answer means
// nothing.
int compare(const Json& a, const Json& b, std::uint64_t& budget);

bool is_whole(const Json& number); // 1 and 1.0, not 1.5

// Whether `number` is a multiple of `divisor` (> 0), exactly as the shortest decimal form of each says: 0.3
// is one of 0.1.
bool is_multiple(const Json& number, const Json& divisor);

// "/a/0" and a key: RFC 6901.
std::string pointer_to(std::string_view pointer, std::string_view key);

} // namespace alk::stored
