#include "alknet-stored/graph/schema.hpp"

#include "alknet-stored/graph/schema_program.hpp"

namespace alk::stored {
namespace {

const Json& meta_schema() {
  static const Json json = Json::parse(draft7_text);
  return json;
}

const SchemaProgram& meta_program() {
  static const SchemaProgram program = [] {
    auto compiled = compile_program(meta_schema(), {});
    ALK_CHECK(compiled);
    return std::move(*compiled);
  }();
  return program;
}

Result<Json> read_schema(std::string_view text) {
  ALK_TRY(auto json, read_json(text, max_schema_bytes));
  ALK_TRY(auto violations, evaluate(meta_program(), json));
  if (!violations.empty()) return fail(Kind::Invalid, "not a draft-07 schema: " + describe(violations));
  return json;
}

} // namespace

std::string describe(const std::vector<Violation>& violations) {
  std::string text;
  for (const auto& violation : violations) {
    if (!text.empty()) text += "; ";
    text += (violation.pointer.empty() ? "the whole" : violation.pointer) + ": " + violation.message;
  }
  return text;
}

Result<Schema> Schema::compile(std::string_view text, const std::vector<SchemaDocument>& known) {
  ALK_TRY(auto json, read_schema(text));
  std::map<std::string, Json> documents = {{std::string(draft7_uri), meta_schema()}};
  for (const auto& document : known) {
    ALK_TRY(auto other, read_schema(document.text));
    documents.emplace(document.uri, std::move(other));
  }
  ALK_TRY(auto program, compile_program(json, documents));
  return Schema(std::make_shared<const SchemaProgram>(std::move(program)));
}

Result<std::vector<Violation>> Schema::validate(std::string_view value) const {
  ALK_TRY(auto json, read_json(value, max_value_bytes));
  return evaluate(*program_, json);
}

Result<const Schema*> SchemaCache::get(const std::string& type_id, std::int64_t version,
                                       std::string_view text) {
  Key key{type_id, version};
  auto known = index_.find(key);
  if (known != index_.end() && known->second->text == text) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return &known->second->schema;
  }
  ALK_TRY(auto schema, Schema::compile(text));
  if (known != index_.end()) entries_.erase(known->second);
  entries_.push_front({key, std::string(text), std::move(schema)});
  index_[std::move(key)] = entries_.begin();
  if (entries_.size() > max_cached_schemas) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return &entries_.front().schema;
}

} // namespace alk::stored
