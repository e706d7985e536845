// From a schema that conforms to the meta-schema to a program: identifiers are collected first, then every
// schema that can be reached from the root becomes one node, however many references lead to it.
#include "alknet-stored/graph/schema_program.hpp"
#include "alknet-stored/graph/uri.hpp"

#include <array>
#include <deque>

namespace alk::stored {
namespace {

constexpr std::array single_keywords = {"additionalItems",
                                        "items",
                                        "contains",
                                        "additionalProperties",
                                        "propertyNames",
                                        "if",
                                        "then",
                                        "else",
                                        "not"};
constexpr std::array list_keywords = {"items", "allOf", "anyOf", "oneOf"};
constexpr std::array map_keywords = {"definitions", "properties", "patternProperties", "dependencies"};

const Json* member(const Json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::optional<std::string> text_member(const Json& object, const char* name) {
  auto found = member(object, name);
  if (!found || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::uint64_t size_value(const Json& number) {
  if (!number.is_number_float()) return number.get<std::uint64_t>();
  auto value = number.get<double>();
  return value >= 0x1p63 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(value);
}

std::string at(const std::string& where, const char* keyword) {
  return pointer_to(where, keyword);
}

// A schema as it stands in its document.
struct SchemaPlace {
  const Json* json = nullptr;
  std::string base;  // the URI that its references are relative to
  std::string where; // pointer in its document
};

// Where identifiers and pointers lead.
class SchemaPlaces {
 public:
  void add_document(const Json& root, const std::string& uri) {
    documents_.emplace(uri, SchemaPlace{&root, uri, ""});
    collect(root, uri, "");
  }

  const std::string& base_of(const Json& json, const std::string& otherwise) const {
    auto found = bases_.find(&json);
    return found == bases_.end() ? otherwise : found->second;
  }

  Result<SchemaPlace> find(const std::string& reference, const std::string& base) const {
    auto parts = split_fragment(resolve_uri(base, reference));
    auto document = documents_.find(parts.document);
    if (document == documents_.end())
      return fail(Kind::Unsupported, "the schema refers to another document, and none is ever fetched");
    if (parts.fragment.empty()) return document->second;
    if (parts.fragment[0] == '/') return follow(document->second, parts.fragment);
    auto anchor = anchors_.find(parts.document + '#' + parts.fragment);
    if (anchor == anchors_.end()) return fail(Kind::Invalid, "a $ref leads nowhere in the schema");
    return anchor->second;
  }

 private:
  void collect(const Json& json, std::string base, const std::string& where) {
    if (!json.is_object()) return;
    auto id = text_member(json, "$id");
    if (id && !text_member(json, "$ref")) { // beside a $ref nothing counts
      auto parts = split_fragment(resolve_uri(base, *id));
      base = parts.document;
      SchemaPlace place{&json, base, where};
      documents_.emplace(base, place);
      if (!parts.fragment.empty()) anchors_.emplace(base + '#' + parts.fragment, place);
    }
    bases_.emplace(&json, base);
    collect_members(json, base, where);
  }

  void collect_members(const Json& json, const std::string& base, const std::string& where) {
    for (auto keyword : single_keywords)
      if (auto found = member(json, keyword)) collect(*found, base, at(where, keyword));
    for (auto keyword : list_keywords)
      if (auto found = member(json, keyword); found && found->is_array())
        for (std::size_t i = 0; i < found->size(); ++i)
          collect((*found)[i], base, pointer_to(at(where, keyword), std::to_string(i)));
    for (auto keyword : map_keywords)
      if (auto found = member(json, keyword); found && found->is_object())
        for (auto entry = found->begin(); entry != found->end(); ++entry)
          collect(entry.value(), base, pointer_to(at(where, keyword), entry.key()));
  }

  // RFC 6901 within one document.
  Result<SchemaPlace> follow(SchemaPlace place, std::string_view pointer) const {
    while (!pointer.empty()) {
      pointer.remove_prefix(1);
      auto end = pointer.find('/');
      auto key = unescaped(pointer.substr(0, end));
      pointer.remove_prefix(std::min(end, pointer.size()));
      const Json* next = nullptr;
      if (place.json->is_object()) next = member(*place.json, key.c_str());
      if (place.json->is_array() && !key.empty() && key.size() < 7 &&
          key.find_first_not_of("0123456789") == key.npos && std::stoul(key) < place.json->size())
        next = &(*place.json)[std::stoul(key)];
      if (!next || key.find('\0') != key.npos)
        return fail(Kind::Invalid, "a $ref leads nowhere in the schema");
      place = {next, base_of(*next, place.base), pointer_to(place.where, key)};
    }
    return place;
  }

  static std::string unescaped(std::string_view token) {
    std::string key;
    for (std::size_t i = 0; i < token.size(); ++i) {
      bool escape = token[i] == '~' && i + 1 < token.size();
      key += !escape ? token[i] : token[++i] == '1' ? '/' : '~';
    }
    return key;
  }

  std::map<std::string, SchemaPlace> documents_; // by URI without fragment
  std::map<std::string, SchemaPlace> anchors_;   // by URI with fragment
  std::map<const Json*, std::string> bases_;
};

class Compiler {
 public:
  explicit Compiler(const SchemaPlaces& places) : places_(places) {}

  Result<SchemaProgram> compile(const SchemaPlace& root) {
    node(root);
    for (std::uint32_t i = 0; !todo_.empty(); ++i) { // in the order of their numbers
      auto place = std::move(todo_.front());
      todo_.pop_front();
      if (auto filled = fill(i, place); !filled)
        return pass(std::move(filled).error(), place.where.empty() ? "the schema" : place.where);
    }
    std::vector<std::size_t> longest(program_.nodes.size(), 0);
    for (std::uint32_t i = 0; i < program_.nodes.size(); ++i) ALK_TRY_VOID(measure(i, longest, 0));
    return std::move(program_);
  }

 private:
  static constexpr std::size_t in_progress = ~std::size_t{0};

  std::uint32_t node(const SchemaPlace& place) {
    auto [known, is_new] = numbers_.emplace(place.json, static_cast<std::uint32_t>(numbers_.size()));
    if (is_new) {
      todo_.push_back(place);
      program_.nodes.emplace_back();
      program_.nodes.back().where = place.where;
    }
    return known->second;
  }

  std::uint32_t child(const SchemaPlace& parent, const Json& json, std::string where) {
    return node({&json, places_.base_of(json, parent.base), std::move(where)});
  }

  NodeIndex child(const SchemaPlace& parent, const char* keyword) {
    auto found = member(*parent.json, keyword);
    if (!found) return std::nullopt;
    return child(parent, *found, at(parent.where, keyword));
  }

  std::vector<std::uint32_t> children(const SchemaPlace& parent, const char* keyword) {
    std::vector<std::uint32_t> result;
    if (auto found = member(*parent.json, keyword))
      for (std::size_t i = 0; i < found->size(); ++i)
        result.push_back(
            child(parent, (*found)[i], pointer_to(at(parent.where, keyword), std::to_string(i))));
    return result;
  }

  // Nodes move when children are made: each is filled apart and put in place at the end.
  Result<void> fill(std::uint32_t number, const SchemaPlace& place) {
    SchemaNode filled;
    filled.where = place.where;
    const auto& json = *place.json;
    if (json.is_boolean()) {
      filled.never = !json.get<bool>();
    } else if (!json.is_object()) { // only a $ref into something that is no schema gets here
      return fail(Kind::Invalid, "a $ref leads to something that is no schema");
    } else if (auto reference = text_member(json, "$ref")) {
      ALK_TRY(auto target, places_.find(*reference, place.base));
      filled.reference = node(target);
    } else {
      scalars(filled, json);
      ALK_TRY_VOID(strings(filled, json));
      arrays(filled, place);
      ALK_TRY_VOID(objects(filled, place));
      combinations(filled, place);
    }
    program_.nodes[number] = std::move(filled);
    return {};
  }

  static unsigned type_bit(const Json& name) {
    static const std::map<std::string, unsigned> bits = {
        {"null", NullType},     {"boolean", BooleanType}, {"integer", IntegerType}, {"number", NumberType},
        {"string", StringType}, {"array", ArrayType},     {"object", ObjectType},
    };
    auto found = name.is_string() ? bits.find(name.get<std::string>()) : bits.end();
    return found == bits.end() ? 0 : found->second;
  }

  static void scalars(SchemaNode& node, const Json& json) {
    if (auto type = member(json, "type")) {
      if (type->is_array()) {
        for (const auto& each : *type) node.types |= type_bit(each);
      } else {
        node.types = type_bit(*type);
      }
    }
    if (auto constant = member(json, "const")) node.constant = *constant;
    if (auto choices = member(json, "enum")) node.choices.emplace(choices->begin(), choices->end());
    auto number = [&](std::optional<Json>& to, const char* keyword) {
      if (auto found = member(json, keyword)) to = *found;
    };
    number(node.multiple_of, "multipleOf");
    number(node.maximum, "maximum");
    number(node.exclusive_maximum, "exclusiveMaximum");
    number(node.minimum, "minimum");
    number(node.exclusive_minimum, "exclusiveMinimum");
    auto size = [&](std::optional<std::uint64_t>& to, const char* keyword) {
      if (auto found = member(json, keyword)) to = size_value(*found);
    };
    size(node.max_length, "maxLength");
    size(node.min_length, "minLength");
    size(node.max_items, "maxItems");
    size(node.min_items, "minItems");
    size(node.max_properties, "maxProperties");
    size(node.min_properties, "minProperties");
  }

  static Result<void> strings(SchemaNode& node, const Json& json) {
    if (auto pattern = text_member(json, "pattern")) {
      ALK_TRY(node.pattern, Pattern::compile(*pattern));
    }
    return {};
  }

  void arrays(SchemaNode& node, const SchemaPlace& place) {
    auto items = member(*place.json, "items");
    if (items && items->is_array()) {
      node.tuple = children(place, "items");
      node.additional_items = child(place, "additionalItems");
    } else {
      node.items = child(place, "items");
    }
    node.contains = child(place, "contains");
    if (auto unique = member(*place.json, "uniqueItems")) node.unique_items = unique->get<bool>();
  }

  Result<void> objects(SchemaNode& node, const SchemaPlace& place) {
    const auto& json = *place.json;
    if (auto required = member(json, "required")) node.required = required->get<std::vector<std::string>>();
    if (auto properties = member(json, "properties"))
      for (auto entry = properties->begin(); entry != properties->end(); ++entry)
        node.properties[entry.key()] =
            child(place, entry.value(), pointer_to(at(place.where, "properties"), entry.key()));
    if (auto patterns = member(json, "patternProperties"))
      for (auto entry = patterns->begin(); entry != patterns->end(); ++entry) {
        ALK_TRY(auto pattern, Pattern::compile(entry.key()));
        node.pattern_properties.emplace_back(
            std::move(pattern),
            child(place, entry.value(), pointer_to(at(place.where, "patternProperties"), entry.key())));
      }
    node.additional_properties = child(place, "additionalProperties");
    node.property_names = child(place, "propertyNames");
    if (auto dependencies = member(json, "dependencies"))
      for (auto entry = dependencies->begin(); entry != dependencies->end(); ++entry)
        node.dependencies.push_back(dependency(place, entry.key(), entry.value()));
    return {};
  }

  SchemaDependency dependency(const SchemaPlace& place, const std::string& name, const Json& json) {
    if (json.is_array()) return {name, json.get<std::vector<std::string>>(), std::nullopt};
    return {name, {}, child(place, json, pointer_to(at(place.where, "dependencies"), name))};
  }

  void combinations(SchemaNode& node, const SchemaPlace& place) {
    node.all_of = children(place, "allOf");
    node.any_of = children(place, "anyOf");
    node.one_of = children(place, "oneOf");
    node.negation = child(place, "not");
    node.condition = child(place, "if");
    if (!node.condition) return;
    node.consequence = child(place, "then");
    node.alternative = child(place, "else");
  }

  // How many schemas are applied to one and the same value from here, in a row. A circle would never end.
  Result<std::size_t> measure(std::uint32_t number, std::vector<std::size_t>& longest, std::size_t depth) {
    if (longest[number] == in_progress) return fail(Kind::Invalid, "the schema's references go in circles");
    if (longest[number] > 0) return longest[number];
    if (depth > max_in_place) return fail(Kind::Invalid, "too many schemas apply to one value in a row");
    longest[number] = in_progress;
    std::size_t below = 0;
    for (auto next : in_place(program_.nodes[number])) {
      ALK_TRY(auto length, measure(next, longest, depth + 1));
      below = std::max(below, length);
    }
    if (below >= max_in_place) return fail(Kind::Invalid, "too many schemas apply to one value in a row");
    return longest[number] = below + 1;
  }

  static std::vector<std::uint32_t> in_place(const SchemaNode& node) {
    std::vector<std::uint32_t> next;
    for (const auto* list : {&node.all_of, &node.any_of, &node.one_of})
      next.insert(next.end(), list->begin(), list->end());
    for (const auto& one :
         {node.reference, node.negation, node.condition, node.consequence, node.alternative})
      if (one) next.push_back(*one);
    for (const auto& dependency : node.dependencies)
      if (dependency.schema) next.push_back(*dependency.schema);
    return next;
  }

  const SchemaPlaces& places_;
  SchemaProgram program_;
  std::map<const Json*, std::uint32_t> numbers_;
  std::deque<SchemaPlace> todo_;
};

} // namespace

Result<SchemaProgram> compile_program(const Json& root, const std::map<std::string, Json>& known) {
  SchemaPlaces places;
  places.add_document(root, "");
  for (const auto& [uri, json] : known) places.add_document(json, uri);
  return Compiler(places).compile({&root, places.base_of(root, ""), ""});
}

} // namespace alk::stored
