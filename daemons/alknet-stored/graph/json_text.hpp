// JSON as the tables hold it: text as it was given. Just enough of it is read to check and to find members.
#pragma once

#include "alknet-stored/graph/grants.hpp"
#include "base/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk::stored {

std::string json_quote(std::string_view text); // with its quotes; well-formed UTF-8

Result<void> check_json(std::string_view text,
                        std::size_t limit); // any JSON, within `limit` bytes: Invalid else

// Each of these: Invalid when `object` is no JSON object within `limit` bytes (json_value.hpp), or the member
// is of another kind; nothing, or empty, when the member is not there.
Result<void> check_json_object(std::string_view object, std::size_t limit);
Result<std::optional<std::string>> json_string(std::string_view object, const char* name, std::size_t limit);
Result<std::optional<bool>> json_bool(std::string_view object, const char* name, std::size_t limit);
Result<std::vector<std::string>> json_strings(std::string_view array,
                                              std::size_t limit); // of an array itself

// `object` with the member put in front, as text: the rest stays as it was given. Invalid: it is there with
// another value.
Result<std::string> with_json_string(std::string_view object, const char* name, std::string_view value,
                                     std::size_t limit);
Result<std::string> without_json_member(std::string_view object, const char* name, std::size_t limit);

// What attributes of the ACL graph hold.
Result<Scopes> json_scopes(std::string_view object, const char* name, std::size_t limit);
Result<std::optional<ResourceMap>> json_resources(std::string_view object, const char* name,
                                                  std::size_t limit);

} // namespace alk::stored
