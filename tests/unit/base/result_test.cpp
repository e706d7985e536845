#include "base/result.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace alk::result_test {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Kind::Invalid, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  ALK_TRY(int once, half(number));
  ALK_TRY(auto twice, half(once));
  return twice;
}

Result<void> check_even(int number) {
  ALK_TRY_VOID(half(number));
  return {};
}

TEST(Result, TryDeclaresTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(12).value(), 3);
  auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::Invalid);
  EXPECT_EQ(failed.error().what, "odd");
}

TEST(Result, TryVoidPassesTheError) {
  EXPECT_TRUE(check_even(4));
  EXPECT_FALSE(check_even(5));
}

TEST(Result, ErrorRemembersWhereItWasMade) {
  auto failed = half(1);
  EXPECT_TRUE(std::string_view(failed.error().at.file).ends_with("result_test.cpp"));
  EXPECT_EQ(failed.error().at.line, 11);
}

TEST(Result, DescribeShowsTheTrailOutermostFirst) {
  Error error{Kind::Broken, "no space", Where::here(), {}};
  Result<void> inner = pass(std::move(error), "key.pem");
  Result<void> outer = pass(std::move(inner).error(), "tls");
  EXPECT_EQ(outer.error().describe(), "tls: key.pem: no space");
}

TEST(Result, ErrnoKindNamesTheReaction) {
  Result<void> missing = fail_errno(ENOENT, "/nowhere");
  EXPECT_EQ(missing.error().kind, Kind::NotFound);
  EXPECT_EQ(missing.error().what, "/nowhere: No such file or directory");
  EXPECT_EQ(Result<void>(fail_errno(EMFILE, "accept")).error().kind, Kind::Busy);
  EXPECT_EQ(Result<void>(fail_errno(EACCES, "open")).error().kind, Kind::Denied);
  EXPECT_EQ(Result<void>(fail_errno(EIO, "read")).error().kind, Kind::Broken);
}

TEST(Result, EveryKindHasItsOwnName) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Kind::Broken); ++i) names.push_back(kind_name(static_cast<Kind>(i)));
  EXPECT_EQ(names, (std::vector<std::string_view>{"Invalid", "Denied", "NotFound", "Conflict", "Busy",
                                                  "Locked", "Gone", "Unsupported", "Broken"}));
}

TEST(ResultDeathTest, CheckEndsTheProcess) {
  EXPECT_DEATH(ALK_CHECK(1 + 1 == 3), "check failed: 1 \\+ 1 == 3");
}

} // namespace
} // namespace alk::result_test
