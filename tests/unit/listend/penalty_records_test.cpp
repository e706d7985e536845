// Penalties between engine and supervisor, and those of several generations taken together.
#include "control/penalty_records.hpp"

#include <gtest/gtest.h>

namespace alk::listend::penalty_records_test {

namespace {
using namespace std::chrono_literals;

TEST(PenaltyRecords, AreReadAsTheyWereWritten) {
  PenaltyTable::Report report{
      {{*config::parse_network("192.0.2.1"), Offence::AuthFailure, 1500ms, true, 7},
       {*config::parse_network("2001:db8::/64"), Offence::GraceExceeded, 3s, false, 0}},
      5};
  auto body = records_of(report);
  EXPECT_EQ(body.sources, 5U);
  EXPECT_EQ(body.penalties[1].source, "2001:db8::/64");
  auto read = penalties_of(*decode<PenaltiesBody>(encode(body)));
  ASSERT_EQ(read.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read[i].source, report.penalties[i].source);
    EXPECT_EQ(read[i].offence, report.penalties[i].offence);
    EXPECT_EQ(read[i].left, report.penalties[i].left);
    EXPECT_EQ(read[i].refusing, report.penalties[i].refusing);
    EXPECT_EQ(read[i].refused, report.penalties[i].refused);
  }
}

TEST(PenaltyRecords, WhatIsNotUnderstoodIsLeftOut) {
  PenaltiesBody body{4,
                     {{"somewhere", "no-auth", 1, true, 0},
                      {"192.0.2.1/8", "no-auth", 1, true, 0},
                      {"192.0.2.1", "of-tomorrow", 1, true, 0},
                      {"192.0.2.2", "no-auth", ~std::uint64_t{0}, true, 0}}};
  auto read = penalties_of(body);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].source.text(), "192.0.2.2");
  EXPECT_EQ(read[0].left, 24h);
}

TEST(PenaltyRecords, OfSeveralGenerationsTheWorstCounts) {
  PenaltiesBody one{2, {{"192.0.2.1", "no-auth", 10, true, 3}, {"192.0.2.2", "no-auth", 20, false, 0}}};
  PenaltiesBody other{2, {{"192.0.2.1", "auth-failure", 30, false, 2}, {"192.0.2.3", "no-auth", 5, true, 1}}};
  auto worst = worst_of({one, other}, 0);
  EXPECT_EQ(worst.sources, 3U);
  ASSERT_EQ(worst.penalties.size(), 3U);
  EXPECT_EQ(worst.penalties[0].source, "192.0.2.1");
  EXPECT_EQ(worst.penalties[0].offence, "auth-failure");
  EXPECT_EQ(worst.penalties[0].left, 30U);
  EXPECT_TRUE(worst.penalties[0].refusing);
  EXPECT_EQ(worst.penalties[0].refused, 3U);
  EXPECT_EQ(worst.penalties[2].source, "192.0.2.3");
}

TEST(PenaltyRecords, AListIsBoundedAndCountsAll) {
  PenaltiesBody many{5000, {{"192.0.2.1", "no-auth", 10, true, 3}, {"192.0.2.2", "no-auth", 20, false, 0}}};
  auto worst = worst_of({many, {}}, 1);
  EXPECT_EQ(worst.sources, 5000U);
  ASSERT_EQ(worst.penalties.size(), 1U);
  EXPECT_EQ(worst.penalties[0].source, "192.0.2.2");
  EXPECT_EQ(worst_of({}, 10).sources, 0U);
}

} // namespace
} // namespace alk::listend::penalty_records_test
