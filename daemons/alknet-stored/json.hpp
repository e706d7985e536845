// The little JSON that the tables need: flat objects written, lists of texts read.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alk::stored {

// Members in the order of their adding; texts are escaped.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text);
  JsonObject& add(std::string_view name, const char* text) { return add(name, std::string_view(text)); }
  JsonObject& add(std::string_view name, std::int64_t number);
  JsonObject& add(std::string_view name, bool truth);
  JsonObject& add(std::string_view name, std::span<const std::string> texts);
  template <class T>
  JsonObject& add(std::string_view name, const std::optional<T>& value) { // left out when there is none
    return value ? add(name, *value) : *this;
  }
  JsonObject& raw(std::string_view name, std::string_view value); // `value` is JSON
  std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// The member `name` of a JSON object as a list of texts; empty when it is not there. Broken: the text is no
// object, or the member is something else.
Result<std::vector<std::string>> read_json_texts(std::string_view object, const char* name);

// The member `name`, a map from text to lists of texts, as (name, list) pairs. Errors as above.
using JsonLists = std::vector<std::pair<std::string, std::vector<std::string>>>;
Result<JsonLists> read_json_lists(std::string_view object, const char* name);

} // namespace alk::stored
