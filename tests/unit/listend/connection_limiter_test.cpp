#include "connection_limiter.hpp"

#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace alk::listend::connection_limiter_test {

using alk::listend::ConnectionLimiter;
using Refusal = ConnectionLimiter::Refusal;

namespace {

TEST(ConnectionLimiter, CountsPerSource) {
  ConnectionLimiter limiter(2, 0);
  auto a = limiter.acquire("192.0.2.1"), b = limiter.acquire("192.0.2.1");
  ASSERT_TRUE(a && b);
  auto c = limiter.acquire("192.0.2.1");
  ASSERT_FALSE(c);
  EXPECT_EQ(c.error(), Refusal::PerSource);
  EXPECT_TRUE(limiter.acquire("192.0.2.2"));
  EXPECT_TRUE(limiter.acquire("2001:db8::1"));
  a->release();
  EXPECT_TRUE(limiter.acquire("192.0.2.1"));
}

TEST(ConnectionLimiter, CountsAll) {
  ConnectionLimiter limiter(0, 2);
  auto a = limiter.acquire("a"), b = limiter.acquire("b");
  auto c = limiter.acquire("c");
  ASSERT_FALSE(c);
  EXPECT_EQ(c.error(), Refusal::Total);
  EXPECT_EQ(limiter.total(), 2U);
}

TEST(ConnectionLimiter, ARefusalLeavesNothingBehind) {
  ConnectionLimiter limiter(1, 1);
  {
    auto a = limiter.acquire("a");
    EXPECT_FALSE(limiter.acquire("a"));
    EXPECT_FALSE(limiter.acquire("b"));
    EXPECT_EQ(limiter.sources(), 1U);
  }
  EXPECT_EQ(limiter.total(), 0U);
  EXPECT_EQ(limiter.sources(), 0U);
}

TEST(ConnectionLimiter, ALeaseIsGivenBackOnce) {
  ConnectionLimiter limiter;
  auto a = limiter.acquire("a"), b = limiter.acquire("b");
  ConnectionLimiter::Lease moved = std::move(*a);
  a->release(); // moved from: nothing
  EXPECT_EQ(limiter.total(), 2U);
  moved = std::move(*b); // gives back "a"
  EXPECT_EQ(limiter.of_source("a"), 0U);
  EXPECT_EQ(limiter.of_source("b"), 1U);
  moved.release();
  moved.release();
  EXPECT_EQ(limiter.total(), 0U);
}

TEST(ConnectionLimiter, ASourceMayBeNamedLater) {
  ConnectionLimiter limiter(1, 3);
  auto a = limiter.acquire_unnamed(), b = limiter.acquire_unnamed();
  ASSERT_TRUE(a && b);
  EXPECT_EQ(limiter.total(), 2U);
  EXPECT_EQ(limiter.sources(), 0U);
  EXPECT_TRUE(a->name("192.0.2.1"));
  auto second = b->name("192.0.2.1");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), Refusal::PerSource);
  b->release();
  EXPECT_EQ(limiter.of_source("192.0.2.1"), 1U);
  EXPECT_FALSE(limiter.acquire("192.0.2.1"));
  auto c = limiter.acquire_unnamed(), d = limiter.acquire_unnamed();
  EXPECT_FALSE(limiter.acquire_unnamed());
  a->release();
  EXPECT_EQ(limiter.sources(), 0U);
  EXPECT_EQ(limiter.total(), 2U);
}

TEST(ConnectionLimiter, LimitsChangeWhileConnectionsLive) {
  ConnectionLimiter limiter;
  std::vector<ConnectionLimiter::Lease> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(std::move(*limiter.acquire("a")));
  limiter.set_limits(3, 0);
  EXPECT_FALSE(limiter.acquire("a"));
  leases.resize(3);
  EXPECT_FALSE(limiter.acquire("a"));
  leases.resize(2);
  EXPECT_TRUE(limiter.acquire("a"));
  limiter.set_limits(0, 0);
  EXPECT_TRUE(limiter.acquire("a"));
}

TEST(ConnectionLimiter, WhatLivesElsewhereCounts) {
  ConnectionLimiter limiter(3, 5);
  limiter.count_elsewhere({{"a", 2}, {"b", 1}});
  auto one = limiter.acquire("a");
  ASSERT_TRUE(one);
  EXPECT_EQ(limiter.acquire("a").error(), ConnectionLimiter::Refusal::PerSource);
  auto two = limiter.acquire("c");
  ASSERT_TRUE(two);
  EXPECT_EQ(limiter.acquire("d").error(), ConnectionLimiter::Refusal::Total);
  EXPECT_EQ(limiter.total(), 2U);
  EXPECT_EQ(limiter.by_source().at("a"), 1U);
  limiter.count_elsewhere({});
  EXPECT_TRUE(limiter.acquire("a"));
}

TEST(ConnectionLimiter, LeasesMayOutliveIt) {
  std::optional<ConnectionLimiter> limiter(std::in_place);
  auto lease = limiter->acquire("a");
  limiter.reset();
  lease->release();
}

TEST(ConnectionLimiter, ThreadsGiveBack) {
  ConnectionLimiter limiter;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    std::vector<ConnectionLimiter::Lease> leases;
    for (int i = 0; i < 1000; ++i) leases.push_back(std::move(*limiter.acquire(std::to_string(i % 7))));
    threads.emplace_back([mine = std::move(leases)]() mutable { mine.clear(); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(limiter.total(), 0U);
  EXPECT_EQ(limiter.sources(), 0U);
}

} // namespace
} // namespace alk::listend::connection_limiter_test
