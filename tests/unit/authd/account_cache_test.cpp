#include "account_answers.hpp"
#include "alknet-authd/account_cache.hpp"

#include <gmock/gmock.h>

namespace alk::authd::account_cache_test {
namespace {

using namespace std::chrono_literals;
using News = AccountCache::News;
using testing::answer_with;
using testing::refused;

Question about(const std::string& value) {
  return {"fingerprint", value};
}

struct AccountCacheTest : ::testing::Test {
  AccountCache cache;
  SteadyTime now{1h};

  // A question that is answered at once.
  News answer(const std::string& value, const AccountAnswer& with) {
    auto asked = cache.asking(now);
    auto news = cache.heard(asked, with.revision);
    if (news != News::Outdated) cache.keep(about(value), read_answer(with), asked);
    return news;
  }
  News confirm(std::uint64_t revision) { return cache.heard(cache.asking(now), revision); }
  bool knows(const std::string& value) { return cache.find(about(value), now) != nullptr; }
};

TEST_F(AccountCacheTest, AnAnswerCountsWhileItsRevisionIsConfirmed) {
  EXPECT_FALSE(knows("a"));
  EXPECT_EQ(answer("a", answer_with("line", {"x"}, 7)), News::Changed);
  ASSERT_TRUE(knows("a"));
  EXPECT_EQ(cache.find(about("a"), now)->answer.line, "line");
  EXPECT_FALSE(knows("b"));
  EXPECT_EQ(cache.find({"token-key", "a"}, now), nullptr) << "another kind of question";
  now += 500ms;
  EXPECT_TRUE(knows("a"));
  now += 1ms;
  EXPECT_FALSE(knows("a"));
  EXPECT_EQ(confirm(7), News::Same);
  EXPECT_TRUE(knows("a"));
}

TEST_F(AccountCacheTest, WhatIsVeryLargeIsNotKept) {
  answer("a", answer_with("line", {"x"}));
  AccountAnswer large = answer_with("line", {"x"});
  large.resources["service"] = std::vector<std::string>(1000, std::string(36, 'i'));
  answer("b", large);
  EXPECT_TRUE(knows("a"));
  EXPECT_FALSE(knows("b"));
  answer("a", large);
  EXPECT_FALSE(knows("a")) << "not what it was before, either";
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(AccountCacheTest, AConfirmationIsAsOldAsItsQuestion) {
  answer("a", answer_with("line"));
  auto asked = cache.asking(now);
  now += 400ms; // a slow answer
  EXPECT_EQ(cache.heard(asked, 1), News::Same);
  now += 100ms;
  EXPECT_TRUE(knows("a"));
  now += 1ms;
  EXPECT_FALSE(knows("a"));
  auto late = cache.asking(now);
  EXPECT_EQ(confirm(1), News::Same);
  now += 500ms;
  EXPECT_EQ(cache.heard(asked, 1), News::Same) << "an older question does not shorten what a newer one gave";
  EXPECT_TRUE(knows("a"));
  EXPECT_EQ(cache.heard(late, 1), News::Same);
}

TEST_F(AccountCacheTest, ANewerRevisionEmptiesIt) {
  answer("a", answer_with("line", {}, 1));
  EXPECT_EQ(answer("b", answer_with("line", {}, 2)), News::Changed);
  EXPECT_FALSE(knows("a"));
  EXPECT_TRUE(knows("b"));
  EXPECT_TRUE(cache.told(3));
  EXPECT_FALSE(knows("b"));
  EXPECT_FALSE(cache.told(3));
  EXPECT_FALSE(cache.told(2)) << "it came late";
  EXPECT_EQ(confirm(3), News::Same);
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(AccountCacheTest, AnAnswerThatARevocationHasOvertakenIsDiscarded) {
  answer("b", answer_with("line", {}, 1));
  auto asked = cache.asking(now);
  EXPECT_TRUE(cache.told(2));
  EXPECT_EQ(cache.heard(asked, 1), News::Outdated);
  cache.keep(about("a"), read_answer(answer_with("line", {}, 1)), asked);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.heard(asked, 2), News::Same) << "it was made after the change";
  cache.keep(about("a"), read_answer(answer_with("line", {}, 2)), asked);
  EXPECT_TRUE(knows("a"));
}

TEST_F(AccountCacheTest, AStoreThatWentBackIsBelieved) {
  answer("a", answer_with("line", {}, 9));
  EXPECT_EQ(answer("b", answer_with("line", {}, 4)), News::Changed);
  EXPECT_FALSE(knows("a"));
  EXPECT_TRUE(knows("b"));
}

TEST_F(AccountCacheTest, WithoutTheStoreNothingIsKnown) {
  answer("a", answer_with("line", {}, 1));
  auto asked = cache.asking(now);
  cache.forget();
  EXPECT_FALSE(knows("a"));
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.heard(asked, 1), News::Outdated) << "of the one before";
  EXPECT_EQ(confirm(1), News::Changed) << "it may be another database";
  EXPECT_FALSE(knows("a"));
}

TEST_F(AccountCacheTest, ARevisionThatCannotBeConfirmedEmptiesItAndIsNoNewsLater) {
  answer("a", answer_with("line", {}, 1));
  cache.drop();
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(confirm(1), News::Same);
  EXPECT_EQ(answer("a", answer_with("line", {}, 1)), News::Same);
  EXPECT_TRUE(knows("a"));
}

TEST_F(AccountCacheTest, RefusalsLastOneSecond) {
  answer("a", refused("unknown"));
  for (auto end = now + 1s; now < end; now += 250ms) {
    EXPECT_EQ(confirm(1), News::Same);
    EXPECT_TRUE(knows("a"));
  }
  confirm(1);
  EXPECT_TRUE(knows("a"));
  now += 1ms;
  EXPECT_FALSE(knows("a"));
  answer("a", answer_with("line"));
  EXPECT_TRUE(cache.find(about("a"), now)->answer.accepted);
  answer("a", refused("revoked"));
  EXPECT_FALSE(cache.find(about("a"), now)->answer.accepted);
}

TEST_F(AccountCacheTest, IsBounded) {
  answer("good", answer_with("line"));
  for (std::size_t i = 0; i < max_cached_refused + 10; ++i) answer(std::to_string(i), refused("unknown"));
  EXPECT_EQ(cache.size(), max_cached_refused + 1);
  EXPECT_FALSE(knows("9")) << "the oldest goes";
  EXPECT_TRUE(knows("10"));
  EXPECT_TRUE(knows("good")) << "whatever strangers show";
  for (std::size_t i = 0; i < max_cached_accepted; ++i) answer("k" + std::to_string(i), answer_with("line"));
  EXPECT_EQ(cache.size(), max_cached_refused + max_cached_accepted);
  EXPECT_FALSE(knows("good"));
}

} // namespace
} // namespace alk::authd::account_cache_test
