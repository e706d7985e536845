#include "pubkey/expiry_time.hpp"

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace alk::pubkey::expiry_time_test {
namespace {

// Local time of a test, put back afterwards.
class Zone {
 public:
  explicit Zone(const char* name) {
    if (const char* value = std::getenv("TZ")) before_ = value;
    set(name);
  }
  ~Zone() { set(before_ ? before_->c_str() : nullptr); }

 private:
  static void set(const char* name) {
    if (name != nullptr) {
      ::setenv("TZ", name, 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  std::optional<std::string> before_;
};

constexpr const char* berlin = "CET-1CEST,M3.5.0,M10.5.0/3"; // needs no zone files

TEST(ExpiryTime, Utc) {
  EXPECT_EQ(parse_expiry_time("20300101Z"), 1893456000);
  EXPECT_EQ(parse_expiry_time("203001010000z"), 1893456000);
  EXPECT_EQ(parse_expiry_time("20300101000001Z"), 1893456001);
  EXPECT_EQ(parse_expiry_time("20300101UTC"), 1893456000);
}

TEST(ExpiryTime, LocalTimeInWinterAndSummer) {
  Zone zone(berlin);
  EXPECT_EQ(parse_expiry_time("20300101"), 1893456000 - 3600);
  EXPECT_EQ(parse_expiry_time("203007011200"), *parse_expiry_time("203007011200Z") - 2 * 3600);
}

TEST(ExpiryTime, ZoneDoesNotTouchUtc) {
  Zone zone(berlin);
  EXPECT_EQ(parse_expiry_time("20300701120000Z"), 1909137600);
}

TEST(ExpiryTime, OnlyDatesThatExist) {
  EXPECT_TRUE(parse_expiry_time("20280229Z"));
  for (const char* text : {"20300229Z", "20300231Z", "20301301Z", "20300001Z", "20300100Z", "203001012400Z",
                           "203001010060Z", "20300101000060Z"})
    EXPECT_FALSE(parse_expiry_time(text)) << text;
}

TEST(ExpiryTime, OnlyTheThreeLengths) {
  for (const char* text : {"", "Z", "2030", "2030010", "203001011", "2030010112", "20300101121",
                           "2030010112000", "203001011200000"})
    EXPECT_FALSE(parse_expiry_time(text)) << text;
}

TEST(ExpiryTime, OnlyDigits) {
  for (const char* text : {"2030-1-1", "+2030101", " 2030101", "20300101 ", "2030O101", "20300101Y",
                           "20300101ZZ", "20300101GMT"})
    EXPECT_FALSE(parse_expiry_time(text)) << text;
}

// 0 would be "never" to a reader that is not careful.
TEST(ExpiryTime, NothingAtOrBeforeTheEpoch) {
  EXPECT_FALSE(parse_expiry_time("19700101Z"));
  EXPECT_FALSE(parse_expiry_time("19691231Z"));
  EXPECT_FALSE(parse_expiry_time("00000101Z"));
  EXPECT_EQ(parse_expiry_time("19700101000001Z"), 1);
}

} // namespace
} // namespace alk::pubkey::expiry_time_test
