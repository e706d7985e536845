// What the official suite does not ask: pointers, bounds and what is refused.
#include "alknet-stored/graph/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::stored::schema_test {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

std::vector<Violation> check(std::string_view schema, std::string_view value) {
  auto compiled = Schema::compile(schema);
  EXPECT_TRUE(compiled) << compiled.error().describe();
  if (!compiled) return {};
  auto verdict = compiled->validate(value);
  EXPECT_TRUE(verdict) << verdict.error().describe();
  return verdict.value_or(std::vector<Violation>{});
}

Error refused(std::string_view schema) {
  auto compiled = Schema::compile(schema);
  EXPECT_FALSE(compiled);
  return compiled ? Error{} : compiled.error();
}

Error refused_value(std::string_view schema, std::string_view value) {
  auto compiled = Schema::compile(schema);
  EXPECT_TRUE(compiled);
  auto verdict = compiled->validate(value);
  EXPECT_FALSE(verdict);
  return verdict ? Error{} : verdict.error();
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  for (; times > 0; --times) result += text;
  return result;
}

} // namespace

TEST(Schema, a_violation_says_where_in_the_value_and_where_in_the_schema) {
  auto violations = check(R"({"properties": {"a/b": {"items": {"$ref": "#/definitions/short"}}},
                              "definitions": {"short": {"maxLength": 2}}})",
                          R"({"a/b": ["x", "long"]})");
  EXPECT_THAT(violations, ElementsAre(Violation{"/a~1b/1", "/definitions/short/maxLength",
                                                "has more than 2 characters"}));
}

TEST(Schema, every_violation_is_listed_up_to_the_limit) {
  EXPECT_THAT(check(R"({"required": ["a", "b"], "properties": {"c": {"type": "string"}, "d": false}})",
                    R"({"c": 1, "d": 1})"),
              ElementsAre(Violation{"", "/required", "lacks the member \"a\""},
                          Violation{"", "/required", "lacks the member \"b\""},
                          Violation{"/c", "/properties/c/type", "is not one of: string"},
                          Violation{"/d", "/properties/d", "is not allowed here"}));
  EXPECT_THAT(check(R"({"items": {"type": "string"}})", "[" + repeat("1,", 999) + "1]"),
              SizeIs(max_violations));
}

TEST(Schema, no_violation_quotes_the_value) {
  for (const auto& violation :
       check(R"({"properties": {"p": {"type": "integer", "pattern": "x", "enum": [1], "not": {}}}})",
             R"({"p": "secret"})"))
    EXPECT_EQ(violation.message.find("secret"), std::string::npos);
}

TEST(Schema, alternatives_are_blamed_as_one) {
  EXPECT_THAT(check(R"({"anyOf": [{"type": "string"}, {"minimum": 3}]})", "2"),
              ElementsAre(Field(&Violation::keyword, "/anyOf")));
  EXPECT_THAT(check(R"({"oneOf": [{"type": "integer"}, {"minimum": 1}]})", "2"),
              ElementsAre(Field(&Violation::message, HasSubstr("several"))));
}

TEST(Schema, numbers_are_compared_exactly) {
  EXPECT_THAT(check(R"({"const": 9007199254740993})", "9007199254740992.0"), SizeIs(1));
  EXPECT_THAT(check(R"({"const": 9007199254740992})", "9007199254740992.0"), IsEmpty());
  EXPECT_THAT(check(R"({"maximum": 18446744073709551614})", "18446744073709551615"), SizeIs(1));
  EXPECT_THAT(check(R"({"minimum": -1})", "18446744073709551615"), IsEmpty());
  EXPECT_THAT(check(R"({"multipleOf": 0.01})", "4.35"), IsEmpty());
  EXPECT_THAT(check(R"({"multipleOf": 0.01})", "4.355"), SizeIs(1));
  EXPECT_THAT(check(R"({"multipleOf": 1e-300})", "1e300"), IsEmpty());
  EXPECT_THAT(check(R"({"multipleOf": 7e300})", "1"), SizeIs(1));
  EXPECT_THAT(check(R"({"uniqueItems": true})", "[1, 2, 1.0]"), SizeIs(1));
}

TEST(Schema, a_member_name_with_a_zero_byte_is_not_cut) {
  EXPECT_THAT(check(R"({"properties": {"a\u0000b": {"type": "string"}}})", R"({"a": 1})"), IsEmpty());
  EXPECT_THAT(check(R"({"properties": {"a\u0000b": {"type": "string"}}})", R"({"a\u0000b": 1})"), SizeIs(1));
}

TEST(Schema, formats_are_annotations) {
  EXPECT_THAT(check(R"({"format": "email"})", R"("no address")"), IsEmpty());
}

TEST(Schema, what_is_no_schema_is_refused_with_a_pointer) {
  EXPECT_THAT(refused(R"({"properties": {"a": {"type": "text"}}})").what, HasSubstr("/properties/a"));
  EXPECT_THAT(refused(R"({"minLength": -1})").what, HasSubstr("/minLength"));
  EXPECT_THAT(refused(R"({"required": ["a", "a"]})").what, HasSubstr("/required"));
  for (auto text :
       {"", "{", "3", "[]", "null", R"({"type": "text"})", R"({"pattern": "("})", R"({"a": 1, "a": 2})",
        R"({"patternProperties": {"[": {}}})", "{\"title\": \"\xFF\"}", R"({"maximum": 1e999})"})
    EXPECT_EQ(refused(text).kind, Kind::Invalid) << text;
}

TEST(Schema, nothing_is_fetched) {
  for (auto uri :
       {"http://example.com/a.json", "file:///etc/passwd", "other.json", "//host/a", "urn:uuid:1", "../a#/b"})
    EXPECT_EQ(refused(R"({"$ref": ")" + std::string(uri) + "\"}").kind, Kind::Unsupported) << uri;
}

TEST(Schema, references_that_lead_nowhere_or_in_circles_are_refused) {
  for (auto text : {R"({"$ref": "#"})", R"({"$ref": "#/definitions/none"})", R"({"$ref": "#anchor"})",
                    R"({"allOf": [{"$ref": "#"}]})", R"({"not": {"anyOf": [{"if": {"$ref": "#"}}]}})",
                    R"({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
                        "$ref": "#/definitions/a"})",
                    R"({"properties": {"a": {"$ref": "#/title"}}, "title": "text"})",
                    R"({"dependencies": {"a": {"$ref": "#"}}})"})
    EXPECT_EQ(refused(text).kind, Kind::Invalid) << text;
  EXPECT_THAT(
      check(R"({"properties": {"next": {"$ref": "#"}}, "maxProperties": 1})", R"({"next": {"next": {}}})"),
      IsEmpty()); // a circle through the value ends where the value does
}

TEST(Schema, sizes_and_depths_are_bounded) {
  EXPECT_EQ(refused("{\"title\": \"" + std::string(max_schema_bytes, 'a') + "\"}").kind, Kind::Invalid);
  EXPECT_EQ(refused(repeat("{\"not\":", 65) + "{}" + repeat("}", 65)).kind, Kind::Invalid);
  EXPECT_EQ(refused_value("{}", "\"" + std::string(max_value_bytes, 'a') + "\"").kind, Kind::Invalid);
  EXPECT_EQ(refused_value("{}", repeat("[", 65) + repeat("]", 65)).kind, Kind::Invalid);
  EXPECT_EQ(refused_value("{}", repeat("[", 100'000)).kind, Kind::Invalid);
  EXPECT_THAT(check("{}", repeat("[", 64) + repeat("]", 64)), IsEmpty());
}

TEST(Schema, a_long_row_of_references_is_refused) {
  std::string text = R"({"$ref": "#/definitions/0", "definitions": {)";
  for (int i = 0; i < 100; ++i)
    text += "\"" + std::to_string(i) + R"(": {"$ref": "#/definitions/)" + std::to_string(i + 1) + "\"},";
  EXPECT_THAT(refused(text + R"("100": {}}})").what, HasSubstr("in a row"));
}

TEST(Schema, work_is_bounded) {
  // Doubles at each of 30 steps.
  std::string text = R"({"$ref": "#/definitions/0", "definitions": {)";
  for (int i = 0; i < 30; ++i) {
    auto next = R"({"$ref": "#/definitions/)" + std::to_string(i + 1) + "\"}";
    text += "\"" + std::to_string(i) + R"(": {"allOf": [)" + next + "," + next + "]},";
  }
  EXPECT_THAT(refused_value(text + R"("30": {}}})", "1").what, HasSubstr("too much work"));
  auto numbers = "[" + repeat("1,", 100'000) + "1]";
  EXPECT_THAT(refused_value(R"({"contains": {"enum": [)" + repeat("0,", 10'000) + "2]}}", numbers).what,
              HasSubstr("too much work"));
  EXPECT_THAT(
      refused_value(R"({"pattern": "([ab]{1,9}){1,99}x"})", "\"" + std::string(200'000, 'a') + "!\"").what,
      HasSubstr("too much work"));
}

TEST(Schema, twins_among_many_items_are_found_without_comparing_all_pairs) {
  std::string items = "[";
  for (int i = 0; i < 30'000; ++i) items += std::to_string(i) + ",";
  EXPECT_THAT(check(R"({"uniqueItems": true})", items + "30000]"), IsEmpty());
  EXPECT_THAT(check(R"({"uniqueItems": true})", items + "17]"), SizeIs(1));
}

TEST(Schema, values_that_are_no_json_are_invalid) {
  for (std::string_view text :
       {"", "{", "{\"a\":1,\"a\":2}", "[1,]", "'a'", "\"\xC0\x80\"", "NaN", "1 2", "1e999", "\"\\ud800\""})
    EXPECT_EQ(refused_value("{}", text).kind, Kind::Invalid) << text;
  EXPECT_EQ(refused_value("{}", std::string_view("1\0", 2)).kind, Kind::Invalid);
}

TEST(SchemaCache, compiles_once_for_each_version_and_forgets_the_oldest) {
  SchemaCache cache;
  auto first = cache.get("t", 1, R"({"type": "string"})");
  ASSERT_TRUE(first);
  auto again = cache.get("t", 1, R"({"type": "string"})");
  ASSERT_TRUE(again);
  EXPECT_EQ(*first, *again);
  EXPECT_FALSE(cache.get("t", 2, "not JSON"));
  EXPECT_EQ(cache.size(), 1U);
  for (int i = 0; i < static_cast<int>(max_cached_schemas) + 10; ++i) {
    ASSERT_TRUE(cache.get("t", 100 + i, "{}"));
    ASSERT_TRUE(cache.get("t", 1, R"({"type": "string"})"));
  }
  EXPECT_EQ(cache.size(), max_cached_schemas);
}

TEST(SchemaCache, a_version_whose_text_was_rolled_back_is_compiled_anew) {
  SchemaCache cache;
  ASSERT_TRUE(cache.get("t", 2, R"({"type": "string"})"));
  auto other = cache.get("t", 2, R"({"type": "integer"})");
  ASSERT_TRUE(other);
  EXPECT_THAT(*(*other)->validate("1"), IsEmpty());
  EXPECT_EQ(cache.size(), 1U);
}
} // namespace alk::stored::schema_test
