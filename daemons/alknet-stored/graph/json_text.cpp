#include "alknet-stored/graph/json_text.hpp"

#include "alknet-stored/graph/json_value.hpp"

namespace alk::stored {
namespace {

Result<Json> read_object(std::string_view text, std::size_t limit) {
  ALK_TRY(auto json, read_json(text, limit));
  if (!json.is_object()) return fail(Kind::Invalid, "not a JSON object");
  return json;
}

Failure wrong_member(const char* name, const char* wanted) {
  return fail(Kind::Invalid, std::string("/") + name + ": is not " + wanted);
}

Result<std::vector<std::string>> strings(const Json& json, const char* name) {
  if (!json.is_array()) return wrong_member(name, "a list of texts");
  std::vector<std::string> list;
  for (const auto& each : json) {
    if (!each.is_string()) return wrong_member(name, "a list of texts");
    list.push_back(each.get<std::string>());
  }
  return list;
}

} // namespace

std::string json_quote(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<void> check_json(std::string_view text, std::size_t limit) {
  ALK_TRY_VOID(read_json(text, limit));
  return {};
}

Result<void> check_json_object(std::string_view object, std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  return {};
}

Result<std::optional<std::string>> json_string(std::string_view object, const char* name, std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  auto found = json.find(name);
  if (found == json.end()) return std::optional<std::string>();
  if (!found->is_string()) return wrong_member(name, "a text");
  return std::optional(found->get<std::string>());
}

Result<std::optional<bool>> json_bool(std::string_view object, const char* name, std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  auto found = json.find(name);
  if (found == json.end()) return std::optional<bool>();
  if (!found->is_boolean()) return wrong_member(name, "true or false");
  return std::optional(found->get<bool>());
}

Result<std::vector<std::string>> json_strings(std::string_view array, std::size_t limit) {
  ALK_TRY(auto json, read_json(array, limit));
  return strings(json, "");
}

Result<std::string> with_json_string(std::string_view object, const char* name, std::string_view value,
                                     std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  auto found = json.find(name);
  if (found != json.end()) {
    if (*found != Json(value)) return wrong_member(name, "the name of the type");
    return std::string(object);
  }
  auto rest = object.substr(object.find('{') + 1);
  return "{\"" + std::string(name) + "\":" + json_quote(value) + (json.empty() ? "" : ",") +
         std::string(rest);
}

Result<std::string> without_json_member(std::string_view object, const char* name, std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  return json.erase(name) == 0 ? std::string(object) : json.dump();
}

Result<Scopes> json_scopes(std::string_view object, const char* name, std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  auto found = json.find(name);
  if (found == json.end()) return Scopes{};
  ALK_TRY(auto list, strings(*found, name));
  return Scopes(list.begin(), list.end());
}

Result<std::optional<ResourceMap>> json_resources(std::string_view object, const char* name,
                                                  std::size_t limit) {
  ALK_TRY(auto json, read_object(object, limit));
  auto found = json.find(name);
  if (found == json.end()) return std::optional<ResourceMap>();
  if (!found->is_object()) return wrong_member(name, "an object");
  ResourceMap resources;
  for (auto entry = found->begin(); entry != found->end(); ++entry) {
    ALK_TRY(auto list, strings(entry.value(), name));
    if (!list.empty()) resources[entry.key()] = Actions(list.begin(), list.end());
  }
  return std::optional(std::move(resources));
}

} // namespace alk::stored
