#include "alknet-stored/json.hpp"

#include <nlohmann/json.hpp>

namespace alk::stored {

namespace {

using Json = nlohmann::json;

std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> read_object(std::string_view text) {
  Json parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object()) return fail(Kind::Broken, "stored metadata is not a JSON object");
  return parsed;
}

Result<std::vector<std::string>> texts_of(const Json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return fail(Kind::Broken, "stored metadata has no list where one belongs");
  for (const Json& element : list) {
    if (!element.is_string()) return fail(Kind::Broken, "stored metadata has no text where one belongs");
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

} // namespace

JsonObject& JsonObject::raw(std::string_view name, std::string_view value) {
  if (!members_.empty()) members_ += ",";
  members_ += json_text(name) + ":";
  members_ += value;
  return *this;
}

JsonObject& JsonObject::add(std::string_view name, std::string_view text) {
  return raw(name, json_text(text));
}

JsonObject& JsonObject::add(std::string_view name, std::int64_t number) {
  return raw(name, std::to_string(number));
}

JsonObject& JsonObject::add(std::string_view name, bool truth) {
  return raw(name, truth ? "true" : "false");
}

JsonObject& JsonObject::add(std::string_view name, std::span<const std::string> texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + json_text(text);
  return raw(name, "[" + list + "]");
}

Result<std::vector<std::string>> read_json_texts(std::string_view object, const char* name) {
  if (object == "{}") return std::vector<std::string>(); // as nearly all are
  ALK_TRY(Json parsed, read_object(object));
  auto member = parsed.find(name);
  if (member == parsed.end()) return std::vector<std::string>();
  return texts_of(*member);
}

Result<JsonLists> read_json_lists(std::string_view object, const char* name) {
  ALK_TRY(Json parsed, read_object(object));
  JsonLists lists;
  auto member = parsed.find(name);
  if (member == parsed.end()) return lists;
  if (!member->is_object()) return fail(Kind::Broken, "stored metadata has no map where one belongs");
  for (const auto& [key, value] : member->items()) {
    ALK_TRY(auto texts, texts_of(value));
    lists.emplace_back(key, std::move(texts));
  }
  return lists;
}

} // namespace alk::stored
