#include "alknet-stored/graph/code_points.hpp"
#include "alknet-stored/graph/schema_program.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

// Where a value stands: written out only when something is wrong there.
struct Path {
  const Path* above = nullptr;
  const std::string* key = nullptr;
  std::size_t index = 0;

  std::string text() const {
    if (!above) return "";
    return pointer_to(above->text(), key ? *key : std::to_string(index));
  }
};

unsigned types_of(const Json& value) {
  if (value.is_null()) return NullType;
  if (value.is_boolean()) return BooleanType;
  if (value.is_string()) return StringType;
  if (value.is_array()) return ArrayType;
  if (value.is_object()) return ObjectType;
  return NumberType | (is_whole(value) ? IntegerType : 0U);
}

std::string names_of(unsigned types) {
  static constexpr const char* names[] = {"null",   "boolean", "integer", "number",
                                          "string", "array",   "object"};
  std::string text;
  for (unsigned i = 0; i < std::size(names); ++i)
    if (types & (1U << i)) text += (text.empty() ? "" : ", ") + std::string(names[i]);
  return text;
}

class Evaluator {
 public:
  explicit Evaluator(const SchemaProgram& program) : program_(program) {}

  std::vector<Violation> violations;

  // Whether `value` conforms to the node. Violations are kept unless quiet. After a stop the answer means
  // nothing.
  bool apply(std::uint32_t number, const Json& value, const Path& path) {
    if (stop || !spend(1)) return false;
    const auto& node = program_.nodes[number];
    if (++depth_ > max_evaluation_depth) {
      give_up(fail(Kind::Invalid, "the value is too deep for its schema"));
      return false;
    }
    bool good = node.reference ? apply(*node.reference, value, path) : apply_keywords(node, value, path);
    --depth_;
    return good;
  }

  std::optional<Error> stop;

 private:
  void give_up(Failure failure) {
    if (!stop) stop = std::move(failure.value());
  }

  bool spend(std::uint64_t work) {
    if (work < budget_) {
      budget_ -= work;
      return true;
    }
    budget_ = 0;
    give_up(fail(Kind::Invalid, "the value takes too much work to check"));
    return false;
  }

  bool blame(const SchemaNode& node, const char* keyword, const Path& path, std::string message) {
    if (quiet_ == 0 && violations.size() < max_violations)
      violations.push_back(
          {path.text(), keyword[0] ? pointer_to(node.where, keyword) : node.where, std::move(message)});
    return false;
  }

  // Nobody asks for more violations: the first one decides.
  bool enough() const { return stop || quiet_ > 0 || violations.size() >= max_violations; }

  // Runs every check, unless one failed and the verdict is all that is wanted.
  template <class... Check>
  bool all(Check... checks) {
    bool good = true;
    ((good || !enough() ? (good = checks() && good) : false), ...);
    return good;
  }

  bool quietly(std::uint32_t number, const Json& value, const Path& path) {
    ++quiet_;
    bool good = apply(number, value, path);
    --quiet_;
    return good;
  }

  bool same(const Json& a, const Json& b) { return order(a, b) == 0; }

  int order(const Json& a, const Json& b) {
    auto result = compare(a, b, budget_);
    if (budget_ == 0) spend(1);
    return result;
  }

  bool matches(const Pattern& pattern, const std::string& text) {
    auto found = pattern.found_in(text, budget_);
    if (found) return *found;
    budget_ = 0;
    spend(1);
    return false;
  }

  bool apply_keywords(const SchemaNode& node, const Json& value, const Path& path) {
    if (node.never) return blame(node, "", path, "is not allowed here");
    return all([&] { return check_value(node, value, path); },
               [&] { return !value.is_number() || check_number(node, value, path); },
               [&] { return !value.is_string() || check_string(node, value, path); },
               [&] { return !value.is_array() || check_array(node, value, path); },
               [&] { return !value.is_object() || check_object(node, value, path); },
               [&] { return check_combinations(node, value, path); },
               [&] { return check_condition(node, value, path); });
  }

  bool check_value(const SchemaNode& node, const Json& value, const Path& path) {
    if (node.types != 0 && (node.types & types_of(value)) == 0)
      return blame(node, "type", path, "is not one of: " + names_of(node.types));
    if (node.constant && !same(*node.constant, value))
      return blame(node, "const", path, "is not the one value allowed");
    if (node.choices && std::none_of(node.choices->begin(), node.choices->end(),
                                     [&](const Json& choice) { return same(choice, value); }))
      return blame(node, "enum", path, "is not one of the values allowed");
    return true;
  }

  bool check_number(const SchemaNode& node, const Json& value, const Path& path) {
    auto blame_limit = [&](const char* keyword, const char* words, const Json& limit) {
      return blame(node, keyword, path, words + limit.dump());
    };
    return all(
        [&] {
          return !node.maximum || order(value, *node.maximum) <= 0 ||
                 blame_limit("maximum", "is more than ", *node.maximum);
        },
        [&] {
          return !node.exclusive_maximum || order(value, *node.exclusive_maximum) < 0 ||
                 blame_limit("exclusiveMaximum", "is not less than ", *node.exclusive_maximum);
        },
        [&] {
          return !node.minimum || order(value, *node.minimum) >= 0 ||
                 blame_limit("minimum", "is less than ", *node.minimum);
        },
        [&] {
          return !node.exclusive_minimum || order(value, *node.exclusive_minimum) > 0 ||
                 blame_limit("exclusiveMinimum", "is not more than ", *node.exclusive_minimum);
        },
        [&] {
          return !node.multiple_of || is_multiple(value, *node.multiple_of) ||
                 blame_limit("multipleOf", "is not a multiple of ", *node.multiple_of);
        });
  }

  bool check_size(const SchemaNode& node, const Path& path, std::uint64_t size,
                  const std::optional<std::uint64_t>& least, const std::optional<std::uint64_t>& most,
                  const char* least_word, const char* most_word, const char* unit) {
    if (least && size < *least)
      return blame(node, least_word, path, "has fewer than " + std::to_string(*least) + unit);
    if (most && size > *most)
      return blame(node, most_word, path, "has more than " + std::to_string(*most) + unit);
    return true;
  }

  bool check_string(const SchemaNode& node, const Json& value, const Path& path) {
    const auto& text = value.get_ref<const std::string&>();
    if (!spend(text.size() / 64)) return false;
    return all(
        [&] {
          return (!node.min_length && !node.max_length) ||
                 check_size(node, path, count_code_points(text), node.min_length, node.max_length,
                            "minLength", "maxLength", " characters");
        },
        [&] {
          return !node.pattern || matches(*node.pattern, text) ||
                 blame(node, "pattern", path, "does not match the pattern");
        });
  }

  bool check_array(const SchemaNode& node, const Json& value, const Path& path) {
    return all(
        [&] {
          return check_size(node, path, value.size(), node.min_items, node.max_items, "minItems", "maxItems",
                            " items");
        },
        [&] { return check_items(node, value, path); },
        [&] {
          return !node.unique_items || !has_twins(value) ||
                 blame(node, "uniqueItems", path, "has two equal items");
        },
        [&] {
          return !node.contains || std::any_of(value.begin(), value.end(), [&](const Json& item) {
            return quietly(*node.contains, item, path);
          }) || blame(node, "contains", path, "has no item of the kind that is asked for");
        });
  }

  bool check_items(const SchemaNode& node, const Json& value, const Path& path) {
    bool good = true;
    for (std::size_t i = 0; i < value.size() && (good || !enough()); ++i) {
      auto schema = node.items;
      if (node.tuple) schema = i < node.tuple->size() ? NodeIndex((*node.tuple)[i]) : node.additional_items;
      if (!schema) break;
      good = apply(*schema, value[i], Path{&path, nullptr, i}) && good;
    }
    return good;
  }

  bool has_twins(const Json& array) {
    std::vector<const Json*> sorted;
    for (const auto& item : array) sorted.push_back(&item);
    // A budget that ends makes the order inconsistent: a merge sort stands that, std::sort would not.
    std::stable_sort(sorted.begin(), sorted.end(), [&](auto* a, auto* b) { return order(*a, *b) < 0; });
    return std::adjacent_find(sorted.begin(), sorted.end(), [&](auto* a, auto* b) { return same(*a, *b); }) !=
           sorted.end();
  }

  bool check_object(const SchemaNode& node, const Json& value, const Path& path) {
    return all(
        [&] {
          return check_size(node, path, value.size(), node.min_properties, node.max_properties,
                            "minProperties", "maxProperties", " members");
        },
        [&] { return check_required(node, "required", node.required, value, path); },
        [&] { return check_members(node, value, path); },
        [&] { return check_dependencies(node, value, path); });
  }

  bool check_required(const SchemaNode& node, const char* keyword, const std::vector<std::string>& names,
                      const Json& value, const Path& path) {
    bool good = true;
    for (const auto& name : names) {
      if (!good && enough()) break;
      if (!spend(1)) return false;
      if (!value.contains(name)) good = blame(node, keyword, path, "lacks the member \"" + name + "\"");
    }
    return good;
  }

  bool check_members(const SchemaNode& node, const Json& value, const Path& path) {
    bool good = true;
    for (auto member = value.begin(); member != value.end() && (good || !enough()); ++member) {
      const auto& name = member.key();
      Path here{&path, &name, 0};
      bool evaluated = false;
      if (node.property_names) good = apply(*node.property_names, Json(name), here) && good;
      if (auto property = node.properties.find(name); property != node.properties.end()) {
        evaluated = true;
        good = apply(property->second, member.value(), here) && good;
      }
      for (const auto& [pattern, schema] : node.pattern_properties)
        if (matches(pattern, name)) {
          evaluated = true;
          good = apply(schema, member.value(), here) && good;
        }
      if (!evaluated && node.additional_properties)
        good = apply(*node.additional_properties, member.value(), here) && good;
    }
    return good;
  }

  bool check_dependencies(const SchemaNode& node, const Json& value, const Path& path) {
    bool good = true;
    for (const auto& dependency : node.dependencies) {
      if (!good && enough()) break;
      if (!value.contains(dependency.member)) continue;
      good = check_required(node, "dependencies", dependency.members, value, path) && good;
      if (dependency.schema) good = apply(*dependency.schema, value, path) && good;
    }
    return good;
  }

  bool check_combinations(const SchemaNode& node, const Json& value, const Path& path) {
    bool good = true;
    for (auto schema : node.all_of)
      if (good || !enough()) good = apply(schema, value, path) && good;
    auto conforms = [&](std::uint32_t schema) { return quietly(schema, value, path); };
    if (!node.any_of.empty() && std::none_of(node.any_of.begin(), node.any_of.end(), conforms))
      good = blame(node, "anyOf", path, "conforms to none of the alternatives");
    if (!node.one_of.empty()) {
      auto count = std::count_if(node.one_of.begin(), node.one_of.end(), conforms);
      if (count != 1)
        good = blame(node, "oneOf", path,
                     count == 0 ? "conforms to none of the alternatives"
                                : "conforms to several of the alternatives");
    }
    if (node.negation && conforms(*node.negation))
      good = blame(node, "not", path, "conforms to what is excluded");
    return good;
  }

  bool check_condition(const SchemaNode& node, const Json& value, const Path& path) {
    if (!node.condition) return true;
    auto next = quietly(*node.condition, value, path) ? node.consequence : node.alternative;
    return !next || apply(*next, value, path);
  }

  const SchemaProgram& program_;
  std::uint64_t budget_ = max_validation_work;
  int depth_ = 0;
  int quiet_ = 0;
};

} // namespace

Result<std::vector<Violation>> evaluate(const SchemaProgram& program, const Json& value) {
  Evaluator evaluator(program);
  bool good = evaluator.apply(0, value, {});
  if (evaluator.stop) return Failure(std::move(*evaluator.stop));
  ALK_CHECK(good == evaluator.violations.empty());
  return std::move(evaluator.violations);
}

} // namespace alk::stored
