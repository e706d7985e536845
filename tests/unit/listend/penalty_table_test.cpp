#include "penalty_table.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace alk::listend::penalty_table_test {

namespace {
using namespace std::chrono_literals;
using config::Overflow;

config::IpAddress ip(std::string_view text) {
  return config::parse_ip(text).value();
}

class Penalties : public testing::Test {
 protected:
  Penalties() { table_.set_rules(rules_); }

  bool refuses(std::string_view address) { return table_.refuses(ip(address), now_); }
  auto penalise(std::string_view address, Offence offence = Offence::AuthFailure) {
    return table_.penalise(ip(address), offence, now_);
  }
  // Enough to be refused: 20 s.
  void ban(std::string_view address) {
    for (int i = 0; i < 4; ++i) penalise(address);
  }
  PenaltyTable::Penalty only() {
    auto report = table_.report(10, now_);
    EXPECT_EQ(report.penalties.size(), 1U);
    return report.penalties.at(0);
  }

  config::Penalties rules_;
  PenaltyTable table_{4};
  PenaltyTable::Clock::time_point now_{1000h};
};

TEST_F(Penalties, NobodyIsRefusedBeforeTheMinimumHasComeTogether) {
  EXPECT_FALSE(refuses("192.0.2.1"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(penalise("192.0.2.1")) << i;
    EXPECT_FALSE(refuses("192.0.2.1")) << i;
  }
  auto started = penalise("192.0.2.1");
  ASSERT_TRUE(started);
  EXPECT_EQ(started->source.text(), "192.0.2.1");
  EXPECT_EQ(started->duration, 20s);
  EXPECT_TRUE(refuses("192.0.2.1"));
  EXPECT_FALSE(refuses("192.0.2.2"));
  EXPECT_FALSE(penalise("192.0.2.1")) << "said once";
}

TEST_F(Penalties, TheyDecay) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(penalise("192.0.2.1"));
    now_ += 5s;
  }
  EXPECT_FALSE(refuses("192.0.2.1"));
  EXPECT_EQ(table_.report(10, now_).sources, 0U);
}

TEST_F(Penalties, ARefusedSourceIsRefusedUntilAllOfItHasPassed) {
  ban("192.0.2.1");
  now_ += 19s;
  EXPECT_TRUE(refuses("192.0.2.1")) << "below the minimum, but not over";
  EXPECT_EQ(only().left, 1s);
  now_ += 1s;
  EXPECT_FALSE(refuses("192.0.2.1"));
  EXPECT_FALSE(penalise("192.0.2.1")) << "from nothing again";
  EXPECT_FALSE(refuses("192.0.2.1"));
}

TEST_F(Penalties, NothingAddsUpBeyondTheMaximum) {
  for (int i = 0; i < 1000; ++i) penalise("192.0.2.1");
  EXPECT_EQ(only().left, rules_.max);
  now_ += rules_.max;
  EXPECT_FALSE(refuses("192.0.2.1"));
}

TEST_F(Penalties, EachOffenceHasItsTime) {
  rules_.no_auth = 0s;
  table_.set_rules(rules_);
  penalise("192.0.2.1", Offence::NoAuth);
  EXPECT_EQ(table_.report(10, now_).sources, 0U);
  penalise("192.0.2.1", Offence::ProtocolError);
  EXPECT_EQ(only().left, 10s);
  EXPECT_FALSE(only().refusing);
  EXPECT_TRUE(penalise("192.0.2.1", Offence::GraceExceeded));
  EXPECT_EQ(only().left, 20s);
  EXPECT_EQ(offence_word(only().offence), "grace-exceeded");
}

TEST_F(Penalties, ANetworkIsOneSource) {
  ban("2001:db8:1:2::1");
  EXPECT_TRUE(refuses("2001:db8:1:2:ffff::9"));
  EXPECT_FALSE(refuses("2001:db8:1:3::1"));
  EXPECT_EQ(only().source.text(), "2001:db8:1:2::/64");
  rules_.ipv4_prefix = 24;
  table_.set_rules(rules_);
  ban("192.0.2.1");
  EXPECT_TRUE(refuses("192.0.2.200"));
  EXPECT_FALSE(refuses("192.0.3.1"));
  EXPECT_TRUE(refuses("2001:db8:1:2::1")) << "the other family keeps its own";
}

TEST_F(Penalties, MappedAddressesAreOneSourceWithTheirIpv4Form) {
  ban("::ffff:192.0.2.1");
  EXPECT_TRUE(refuses("192.0.2.1"));
  EXPECT_EQ(only().source.text(), "192.0.2.1");
}

TEST_F(Penalties, ExemptNetworksAreNeverRefused) {
  rules_.exempt = {*config::parse_network("192.0.2.0/24"), *config::parse_network("2001:db8::7")};
  table_.set_rules(rules_);
  ban("192.0.2.1");
  EXPECT_EQ(table_.report(10, now_).sources, 0U);
  ban("2001:db8::8"); // its neighbour in the same /64
  EXPECT_TRUE(refuses("2001:db8::9"));
  EXPECT_FALSE(refuses("2001:db8::7"));
}

TEST_F(Penalties, ANewExemptionPardons) {
  ban("192.0.2.1");
  ban("198.51.100.1");
  rules_.exempt = {*config::parse_network("192.0.2.0/24")};
  table_.set_rules(rules_);
  EXPECT_FALSE(refuses("192.0.2.1"));
  EXPECT_EQ(only().source.text(), "198.51.100.1");
}

TEST_F(Penalties, SwitchedOffTheyAreForgotten) {
  ban("192.0.2.1");
  rules_.enabled = false;
  table_.set_rules(rules_);
  EXPECT_FALSE(refuses("192.0.2.1"));
  ban("192.0.2.1");
  rules_.enabled = true;
  table_.set_rules(rules_);
  EXPECT_FALSE(refuses("192.0.2.1"));
}

TEST_F(Penalties, AFullTableLosesWhatEndsFirst) {
  ban("192.0.2.1");
  for (auto other : {"192.0.2.2", "192.0.2.3", "192.0.2.4"}) penalise(other, Offence::NoAuth);
  for (int i = 5; i < 250; ++i) penalise("192.0.2." + std::to_string(i), Offence::NoAuth);
  EXPECT_EQ(table_.report(10, now_).sources, 4U);
  EXPECT_TRUE(refuses("192.0.2.1")) << "one second each cannot push out twenty";
  ban("2001:db8::1");
  EXPECT_EQ(table_.report(10, now_).sources, 5U) << "the families do not share";
}

TEST_F(Penalties, AFullTableMayRefuseEverybodyInstead) {
  rules_.overflow = Overflow::DenyAll;
  rules_.exempt = {*config::parse_network("198.51.100.0/24")};
  table_.set_rules(rules_);
  for (auto one : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) penalise(one);
  EXPECT_FALSE(refuses("203.0.113.1"));
  penalise("192.0.2.4", Offence::NoAuth);
  EXPECT_TRUE(refuses("203.0.113.1"));
  EXPECT_FALSE(refuses("198.51.100.1"));
  EXPECT_FALSE(refuses("2001:db8::1"));
  EXPECT_FALSE(penalise("203.0.113.1"));
  now_ += 1s;
  EXPECT_FALSE(refuses("203.0.113.1")) << "one ended";
}

TEST_F(Penalties, RefusalsAreCounted) {
  ban("192.0.2.1");
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(refuses("192.0.2.1"));
  EXPECT_EQ(only().refused, 7U);
  penalise("192.0.2.1");
  EXPECT_EQ(only().refused, 7U);
}

TEST_F(Penalties, AReportIsBoundedAndBeginsWithTheLongest) {
  penalise("192.0.2.1", Offence::NoAuth);
  ban("192.0.2.2");
  penalise("192.0.2.3");
  auto report = table_.report(2, now_);
  EXPECT_EQ(report.sources, 3U);
  ASSERT_EQ(report.penalties.size(), 2U);
  EXPECT_EQ(report.penalties[0].source.text(), "192.0.2.2");
  EXPECT_EQ(report.penalties[1].source.text(), "192.0.2.3");
}

TEST_F(Penalties, ArePardonedOneByOneOrAll) {
  ban("192.0.2.1");
  ban("192.0.2.2");
  ban("2001:db8::1");
  EXPECT_EQ(table_.clear(ip("2001:db8::ffff")).size(), 1U) << "any address of the network";
  EXPECT_TRUE(table_.clear(ip("2001:db8::ffff")).empty());
  EXPECT_FALSE(refuses("2001:db8::1"));
  EXPECT_EQ(table_.clear().size(), 2U);
  EXPECT_FALSE(refuses("192.0.2.1"));
}

TEST_F(Penalties, AnotherTableIsTakenOver) {
  ban("192.0.2.1");
  ban("2001:db8::1");
  refuses("192.0.2.1");
  PenaltyTable heir(4);
  heir.set_rules(rules_);
  const auto told = table_.report(10, now_).penalties;
  for (int twice = 0; twice < 2; ++twice) heir.merge(told, now_);
  EXPECT_TRUE(heir.refuses(ip("192.0.2.1"), now_));
  EXPECT_TRUE(heir.refuses(ip("2001:db8::2"), now_));
  auto report = heir.report(10, now_);
  ASSERT_EQ(report.penalties.size(), 2U);
  EXPECT_EQ(report.penalties[0].left, 20s);
  EXPECT_EQ(report.penalties[1].source.text(), "192.0.2.1");
  EXPECT_EQ(report.penalties[1].refused, 2U) << "one there, one here";
  now_ += 20s;
  EXPECT_FALSE(heir.refuses(ip("192.0.2.1"), now_)) << "it decays there, too";
}

TEST_F(Penalties, OfTwoTablesTheWorseCounts) {
  using Told = PenaltyTable::Penalty;
  auto told = [](const char* source, Offence offence, auto left, bool refusing = false) {
    return Told{*config::parse_network(source), offence, left, refusing, 0};
  };
  ban("192.0.2.1");
  table_.merge({told("192.0.2.1", Offence::NoAuth, 3s)}, now_);
  EXPECT_EQ(only().left, 20s);
  EXPECT_EQ(only().offence, Offence::AuthFailure);
  table_.merge({told("192.0.2.1", Offence::NoAuth, 30s)}, now_);
  EXPECT_EQ(only().left, 30s);
  EXPECT_EQ(only().offence, Offence::NoAuth);
  EXPECT_TRUE(only().refusing);
  table_.merge({told("192.0.2.1", Offence::NoAuth, 1000h)}, now_);
  EXPECT_EQ(only().left, rules_.max);
}

TEST_F(Penalties, WhatTheRulesDoNotPenaliseIsNotTakenOver) {
  auto told = [](const char* source, auto left) {
    return PenaltyTable::Penalty{*config::parse_network(source), Offence::NoAuth, left, true, 0};
  };
  rules_.exempt = {*config::parse_network("198.51.100.0/24")};
  table_.set_rules(rules_);
  table_.merge({told("198.51.100.1", 20s), told("192.0.2.0/24", 20s), told("2001:db8::/48", 20s),
                told("192.0.2.1", 0s)},
               now_);
  EXPECT_EQ(table_.report(10, now_).sources, 0U);
  rules_.enabled = false;
  table_.set_rules(rules_);
  table_.merge({told("192.0.2.1", 20s)}, now_);
  rules_.enabled = true;
  table_.set_rules(rules_);
  EXPECT_EQ(table_.report(10, now_).sources, 0U);
}

TEST_F(Penalties, AFullTableTakesOverOnlyWhatLastsLonger) {
  for (int i = 1; i < 5; ++i) ban("192.0.2." + std::to_string(i));
  auto told = [](const char* source, auto left) {
    return PenaltyTable::Penalty{*config::parse_network(source), Offence::NoAuth, left, true, 0};
  };
  table_.merge({told("192.0.2.50", 5s)}, now_);
  EXPECT_FALSE(refuses("192.0.2.50"));
  table_.merge({told("192.0.2.50", 60s)}, now_);
  EXPECT_TRUE(refuses("192.0.2.50"));
  EXPECT_EQ(table_.report(10, now_).sources, 4U);
}

TEST_F(Penalties, ThreadsMayShareIt) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this] {
      for (int i = 0; i < 500; ++i) {
        penalise("192.0.2." + std::to_string(i % 6));
        refuses("192.0.2." + std::to_string(i % 5));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(table_.report(10, now_).sources, 4U);
}

} // namespace
} // namespace alk::listend::penalty_table_test
