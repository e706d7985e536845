#include "alknet-stored/graph/pattern.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace alk::stored::pattern_test {
namespace {

bool found(std::string_view expression, std::string_view text) {
  auto pattern = Pattern::compile(expression);
  EXPECT_TRUE(pattern) << expression << ": " << pattern.error().what;
  std::uint64_t budget = 1'000'000;
  return pattern && pattern->found_in(text, budget).value_or(false);
}

Kind refused(std::string_view expression) {
  auto pattern = Pattern::compile(expression);
  EXPECT_FALSE(pattern) << expression;
  return pattern ? Kind::Broken : pattern.error().kind;
}

} // namespace

TEST(Pattern, is_searched_for_anywhere_unless_anchored) {
  EXPECT_TRUE(found("b", "abc"));
  EXPECT_TRUE(found("", ""));
  EXPECT_TRUE(found("^abc$", "abc"));
  EXPECT_FALSE(found("^b", "abc"));
  EXPECT_FALSE(found("^abc$", "abc\n")); // no multiline: $ is the end alone
  EXPECT_FALSE(found("b$", "abc"));
}

TEST(Pattern, alternatives_and_groups) {
  EXPECT_TRUE(found("^(a|bc|)d$", "bcd"));
  EXPECT_TRUE(found("^(a|bc|)d$", "d"));
  EXPECT_TRUE(found("^(?:ab)+$", "abab"));
  EXPECT_TRUE(found("^(?<name>ab)+$", "abab"));
  EXPECT_FALSE(found("^(?:ab)+$", "aba"));
  EXPECT_TRUE(found("^a|b$", "axx"));
  EXPECT_TRUE(found("^a|b$", "xxb"));
}

TEST(Pattern, counts) {
  for (int count = 0; count < 7; ++count) {
    std::string text(static_cast<std::size_t>(count), 'a');
    EXPECT_EQ(found("^a*$", text), true);
    EXPECT_EQ(found("^a+$", text), count >= 1);
    EXPECT_EQ(found("^a?$", text), count <= 1);
    EXPECT_EQ(found("^a{3}$", text), count == 3);
    EXPECT_EQ(found("^a{2,}$", text), count >= 2);
    EXPECT_EQ(found("^a{2,4}$", text), count >= 2 && count <= 4);
    EXPECT_EQ(found("^a{0,2}?$", text), count <= 2);
    EXPECT_EQ(found("^(a{2}){1,2}$", text), count == 2 || count == 4);
    EXPECT_EQ(found("^(a*)*$", text), true); // an empty turn of a loop does not go on for ever
  }
}

TEST(Pattern, classes) {
  EXPECT_TRUE(found("^[a-c_]+$", "ab_c"));
  EXPECT_FALSE(found("^[a-c_]+$", "abd"));
  EXPECT_TRUE(found("^[^a-c]$", "d"));
  EXPECT_TRUE(found("^[\\d\\s-]+$", "1 -2"));
  EXPECT_TRUE(found("^[\\W]$", "-"));
  EXPECT_FALSE(found("^[\\W]$", "w"));
  EXPECT_TRUE(found("^[^\\W]$", "w"));
  EXPECT_TRUE(found("^\\D\\w\\S$", "a_b"));
  EXPECT_FALSE(found("[]", "a")); // matches nothing
  EXPECT_TRUE(found("^[^]$", "\n"));
}

TEST(Pattern, characters_are_code_points) {
  EXPECT_TRUE(found("^.$", "\xF0\x9F\x90\xB2"));
  EXPECT_TRUE(found("^[\\u{1F400}-\\u{1F4FF}]$", "\xF0\x9F\x90\xB2"));
  EXPECT_TRUE(found("^\\uD83D\\uDC32$", "\xF0\x9F\x90\xB2"));
  EXPECT_TRUE(found("^\xC3\xA9$", "\xC3\xA9"));
  EXPECT_TRUE(found("^\\xe9$", "\xC3\xA9"));
  EXPECT_FALSE(found("^.$", "\n"));
  EXPECT_TRUE(found("^\\t\\cA\\0$", std::string_view("\t\x01\0", 3)));
}

TEST(Pattern, borders_of_words) {
  EXPECT_TRUE(found("\\bcat\\b", "a cat sat"));
  EXPECT_FALSE(found("\\bcat\\b", "concatenate"));
  EXPECT_TRUE(found("\\Bcat\\B", "concatenate"));
}

TEST(Pattern, what_is_no_expression_is_invalid) {
  for (auto text : {"(",     ")",    "(a",    "[a",   "a{2",   "a{3,2}",        "*a",          "a**",
                    "\\",    "\\q",  "[b-a]", "(?a)", "\\u12", "\\x1",          "\\u{110000}", "\\c1",
                    "a{,2}", "(?<n", "}",     "]",    "[\\",   "\\uD83D\\u0041"})
    EXPECT_EQ(refused(text), Kind::Invalid) << text;
}

TEST(Pattern, what_would_need_backtracking_is_unsupported) {
  for (auto text : {"(a)\\1", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "\\k<n>", "\\p{Letter}"})
    EXPECT_EQ(refused(text), Kind::Unsupported) << text;
}

TEST(Pattern, size_is_bounded) {
  EXPECT_EQ(refused(std::string(max_pattern_bytes + 1, 'a')), Kind::Invalid);
  EXPECT_EQ(refused("((a{100}){100}){100}"), Kind::Invalid);
  EXPECT_EQ(refused("a{99999999999999999999}"), Kind::Invalid);
  std::string deep(max_pattern_nesting + 1, '(');
  EXPECT_EQ(refused(deep + std::string(deep.size(), ')')), Kind::Invalid);
}

// The classic ones, which take a backtracking matcher longer than the universe lasts.
TEST(Pattern, work_grows_with_the_text_and_not_with_its_powers) {
  for (auto expression : {"^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$"}) {
    auto pattern = Pattern::compile(expression);
    ASSERT_TRUE(pattern);
    auto cost = [&](std::size_t size) {
      std::uint64_t budget = 100'000'000;
      auto before = budget;
      EXPECT_FALSE(pattern->found_in(std::string(size, 'a') + '!', budget).value());
      return before - budget;
    };
    auto small = cost(1000), large = cost(10'000);
    EXPECT_LT(large, small * 11) << expression;
  }
}

TEST(Pattern, a_spent_budget_is_busy) {
  auto pattern = Pattern::compile("^(a+)+$");
  std::uint64_t budget = 1000;
  auto verdict = pattern->found_in(std::string(5000, 'a'), budget);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().kind, Kind::Busy);
}
} // namespace alk::stored::pattern_test
