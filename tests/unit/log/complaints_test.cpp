#include "log/complaints.hpp"

#include <gtest/gtest.h>

namespace alk::log::complaints_test {

using alk::log::Complaints;
using namespace std::chrono_literals;

namespace {

const Complaints::Clock::time_point start{1h};

TEST(Complaints, ComeOnceAMinuteAndCountTheRest) {
  Complaints complaints;
  EXPECT_EQ(complaints.raise("a", start), 0U);
  EXPECT_EQ(complaints.raise("a", start), std::nullopt);
  EXPECT_EQ(complaints.raise("a", start + 59s), std::nullopt);
  EXPECT_EQ(complaints.raise("a", start + 60s), 2U);
  EXPECT_EQ(complaints.raise("a", start + 61s), std::nullopt);
  EXPECT_EQ(complaints.raise("a", start + 10min), 1U);
  EXPECT_EQ(complaints.raise("a", start + 20min), 0U);
}

TEST(Complaints, OneThingDoesNotHideAnother) {
  Complaints complaints;
  EXPECT_TRUE(complaints.raise("a", start));
  EXPECT_TRUE(complaints.raise("b", start));
  EXPECT_FALSE(complaints.raise("a", start));
}

TEST(Complaints, RememberSoManyAndNoMore) {
  Complaints complaints;
  for (std::size_t i = 0; i < Complaints::limit; ++i)
    EXPECT_TRUE(complaints.raise(std::to_string(i), start + 1s * (i % 2)));
  EXPECT_FALSE(complaints.raise("one more", start + 59s));
  EXPECT_TRUE(complaints.raise("one more", start + 60s)) << "half of them are past";
  EXPECT_FALSE(complaints.raise("1", start + 60s)) << "the others are remembered";
}

} // namespace
} // namespace alk::log::complaints_test
