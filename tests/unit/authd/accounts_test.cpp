#include "../pubkey/certificates.hpp"
#include "account_answers.hpp"
#include "alknet-authd/accounts.hpp"
#include "keys.hpp"

#include <gmock/gmock.h>

namespace alk::authd::accounts_test {
namespace {

using namespace std::chrono_literals;
using testing::answer_with;
using ::testing::ElementsAre;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::refused;
using testing::word;

constexpr UnixSeconds now = 1'800'000'000;

// A store that keeps its questions until the test answers them.
struct AccountsTest : ::testing::Test {
  struct Open {
    Question question;
    std::chrono::milliseconds timeout;
    Accounts::Answer<AccountAnswer> answer;
  };
  std::deque<Open> open;
  std::deque<Accounts::Answer<std::uint64_t>> confirming;
  std::deque<std::pair<clients::Uses, Accounts::Answer<void>>> marking;
  SteadyTime steady{1h};
  UnixSeconds wall = now;
  int changes = 0;
  int activations = 0;
  std::vector<std::string> told; // verdicts
  std::optional<Accounts> accounts;

  void SetUp() override {
    Accounts::Store store;
    store.authenticate = [this](const Question& question, std::chrono::milliseconds timeout, auto answer) {
      open.push_back({question, timeout, std::move(answer)});
    };
    store.revision = [this](auto answer) { confirming.push_back(std::move(answer)); };
    store.mark_used = [this](const clients::Uses& uses, auto answer) {
      marking.emplace_back(uses, std::move(answer));
    };
    accounts.emplace(std::move(store), Accounts::Clocks{[this] { return steady; }, [this] { return wall; }});
    accounts->on_changed([this] { ++changes; });
    accounts->on_active([this] { ++activations; });
    accounts->store_present(true);
  }

  void login(unsigned char number = 1) {
    accounts->judge(inquire_key({key(number), "", ""}, wall), [this](std::optional<Verdict> verdict) {
      told.push_back(verdict ? word(*verdict) : "nobody");
    });
  }
  void answer(Result<AccountAnswer> with) {
    auto next = std::move(open.front());
    open.pop_front();
    next.answer(std::move(with));
  }
  void confirm(Result<std::uint64_t> revision) {
    accounts->tick();
    ASSERT_EQ(confirming.size(), 1U);
    auto next = std::move(confirming.front());
    confirming.pop_front();
    next(std::move(revision));
  }
};

TEST_F(AccountsTest, AreAskedOneQuestionAfterTheOther) {
  login(1), login(2), login(3);
  EXPECT_EQ(open.size(), 3U);
  answer(refused("unknown"));
  answer(answer_with(line(2)));
  answer(fail(Kind::Gone, "no answer"));
  accounts->judge({}, [&](std::optional<Verdict> verdict) { EXPECT_FALSE(verdict); });
  EXPECT_THAT(told, ElementsAre("nobody", "accepted", "accounts-unavailable"));
}

TEST_F(AccountsTest, QuestionsAreBounded) {
  for (std::size_t i = 0; i < max_login_questions + 5; ++i) login();
  EXPECT_EQ(open.size(), max_login_questions);
  EXPECT_EQ(told, std::vector<std::string>(5, "accounts-unavailable"));
}

TEST_F(AccountsTest, ALoginIsRememberedForTheLease) {
  login();
  answer(answer_with(line(1)));
  EXPECT_EQ(activations, 1);
  login();
  EXPECT_THAT(open, IsEmpty());
  EXPECT_THAT(told, ElementsAre("accepted", "accepted"));
  steady += cache_lease;
  confirm(1);
  steady += cache_lease;
  login();
  EXPECT_THAT(open, IsEmpty()) << "confirmed again";
  steady += 1ms;
  login();
  EXPECT_EQ(open.size(), 1U);
  EXPECT_EQ(activations, 1);
}

TEST_F(AccountsTest, WhatIsRememberedIsStillJudged) {
  login();
  answer(answer_with(line("expiry-time=\"20300101Z\"", 1)));
  wall = 1'900'000'000; // later than that
  login();
  EXPECT_THAT(open, IsEmpty());
  EXPECT_THAT(told, ElementsAre("accepted", "expired"));
}

TEST_F(AccountsTest, ARevocationDiscardsWhatWasAnsweredBefore) {
  login();
  answer(answer_with(line(1)));
  steady += 1s;
  login();
  accounts->store_changed(2);
  EXPECT_EQ(changes, 1);
  answer(answer_with(line(1), {}, 1)); // read before
  ASSERT_EQ(open.size(), 1U) << "asked again";
  EXPECT_EQ(told.size(), 1U);
  answer(refused("revoked", 2));
  EXPECT_THAT(told, ElementsAre("accepted", "revoked"));
}

TEST_F(AccountsTest, AllQuestionsOfALoginHaveOneDeadline) {
  login();
  EXPECT_EQ(open.front().timeout, account_deadline);
  steady += 300ms;
  accounts->store_changed(5);
  answer(answer_with(line(1), {}, 4));
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open.front().timeout, account_deadline - 300ms);
  steady += 400ms;
  accounts->store_changed(6);
  answer(answer_with(line(1), {}, 5));
  EXPECT_THAT(open, IsEmpty());
  EXPECT_THAT(told, ElementsAre("accounts-unavailable"));
}

TEST_F(AccountsTest, WithoutTheStoreCachedLoginsFailToo) {
  login();
  answer(answer_with(line(1)));
  accounts->store_present(false);
  login();
  ASSERT_EQ(open.size(), 1U);
  answer(fail(Kind::Gone, "nobody has the name"));
  EXPECT_THAT(told, ElementsAre("accepted", "accounts-unavailable"));
  accounts->tick();
  EXPECT_THAT(confirming, IsEmpty()) << "nobody is there to ask";
  EXPECT_EQ(changes, 0);
  accounts->store_present(true);
  EXPECT_EQ(changes, 1) << "what was revoked meanwhile has to be found";
}

TEST_F(AccountsTest, AChangeThatNobodyToldIsFound) {
  login();
  answer(answer_with(line(1)));
  confirm(1);
  EXPECT_EQ(changes, 0);
  accounts->tick();
  accounts->tick();
  EXPECT_EQ(confirming.size(), 1U) << "one at a time";
  confirming.front()(2);
  confirming.clear();
  EXPECT_EQ(changes, 1);
  login();
  EXPECT_EQ(open.size(), 1U);
  answer(answer_with(line(1), {}, 2));
  confirm(fail(Kind::Gone, "no answer"));
  login();
  EXPECT_EQ(open.size(), 1U) << "unconfirmed is unknown";
  answer(answer_with(line(1), {}, 2));
  EXPECT_EQ(changes, 1) << "and no news";
}

TEST_F(AccountsTest, BeforeAnybodyLoggedInNobodyIsTold) {
  accounts->store_changed(2);
  accounts->store_present(false);
  accounts->store_present(true);
  login();
  answer(refused("unknown", 2));
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(activations, 0);
}

TEST_F(AccountsTest, UsesAreToldTogetherAndLater) {
  login(1);
  answer(answer_with(line(1)));
  wall += 5;
  login(1);
  confirm(1);
  EXPECT_THAT(marking, IsEmpty());
  steady += uses_interval;
  confirm(1);
  ASSERT_EQ(marking.size(), 1U);
  EXPECT_EQ(marking[0].first, (clients::Uses{{"credential-1", static_cast<std::uint64_t>(now) + 5}}));
  wall += 60;
  login(1); // remembered
  marking[0].second(fail(Kind::Busy, "later"));
  accounts->tell_uses();
  ASSERT_EQ(marking.size(), 2U);
  EXPECT_EQ(marking[1].first, (clients::Uses{{"credential-1", static_cast<std::uint64_t>(now) + 65}}));
  marking[1].second({});
  accounts->tell_uses();
  EXPECT_EQ(marking.size(), 2U) << "nothing new";
}

TEST_F(AccountsTest, UsesAreBounded) {
  for (std::size_t i = 0; i < clients::max_uses + 5; ++i) {
    accounts->store_changed(i + 1);
    login();
    auto one = answer_with(line(1), {}, i + 1);
    one.credential = std::to_string(i);
    answer(one);
  }
  accounts->tell_uses();
  ASSERT_EQ(marking.size(), 1U);
  EXPECT_EQ(marking[0].first.size(), clients::max_uses);
}

TEST_F(AccountsTest, ASearchIsBoundedAndComplete) {
  std::vector<std::string> asked;
  for (int i = 0; i < 200; ++i)
    asked.push_back(account_credential({{"fingerprint", std::to_string(i)}, "credential-1", ""}));
  std::vector<std::string> revoked;
  bool done = false, second = false;
  accounts->find_revoked(asked, now, [&](std::vector<std::string> found) {
    revoked = std::move(found);
    done = true;
  });
  accounts->find_revoked({}, now, [&](std::vector<std::string>) { second = true; });
  EXPECT_EQ(activations, 1) << "sessions of an earlier process";
  EXPECT_TRUE(accounts->searching());
  while (!open.empty()) {
    ASSERT_LE(open.size(), max_search_questions);
    answer(open.front().question.value == "17" ? answer_with(line(1)) : refused("revoked"));
  }
  EXPECT_TRUE(done && second);
  EXPECT_FALSE(accounts->searching());
  EXPECT_EQ(revoked.size(), 199U);
}

TEST_F(AccountsTest, ASearchWithoutAnswersSendsNobodyAwayAndIsMadeAgain) {
  bool done = false;
  accounts->find_revoked({account_credential({{"fingerprint", id(1)}, "credential-1", ""}), "no account's"},
                         now, [&](std::vector<std::string> found) {
                           EXPECT_THAT(found, IsEmpty());
                           done = true;
                         });
  answer(fail(Kind::Gone, "no answer"));
  EXPECT_TRUE(done);
  confirm(1);
  const int before = changes;
  steady += search_again;
  confirm(1);
  EXPECT_EQ(changes, before + 1);
  confirm(1);
  EXPECT_EQ(changes, before + 1) << "once";
}

TEST_F(AccountsTest, ASearchInASlowStoreTellsWhatItFoundAndGoesOnWithTheRest) {
  std::vector<std::string> asked;
  for (std::size_t i = 0; i < max_search_questions + 10; ++i)
    asked.push_back(account_credential({{"fingerprint", "key-" + std::to_string(i)}, "credential", ""}));
  std::optional<std::vector<std::string>> found;
  auto search = [&] {
    found.reset();
    accounts->find_revoked(asked, now, [&](std::vector<std::string> all) { found = std::move(all); });
  };
  search();
  steady += search_patience;
  for (std::size_t i = 0; i < max_search_questions; ++i) answer(refused("revoked"));
  EXPECT_THAT(open, IsEmpty()) << "no more are asked about";
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), max_search_questions);
  EXPECT_EQ(found->front(), asked.front());
  const int before = changes;
  steady += search_again;
  accounts->tick();
  EXPECT_GT(changes, before) << "whoever has sessions asks again";
  search();
  EXPECT_EQ(open.front().question.value, "key-" + std::to_string(max_search_questions));
  while (!open.empty()) answer(refused("revoked", 2));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), asked.size());
}

TEST_F(AccountsTest, RestForgets) {
  login();
  answer(answer_with(line(1)));
  accounts->rest();
  EXPECT_EQ(marking.size(), 1U);
  login();
  ASSERT_EQ(open.size(), 1U);
  answer(answer_with(line(1)));
  EXPECT_EQ(activations, 2);
}

TEST_F(AccountsTest, AnswersAfterItsEndAreForgotten) {
  login();
  accounts->tick();
  accounts.reset();
  answer(answer_with(line(1)));
  confirming.front()(1);
  EXPECT_THAT(told, IsEmpty());
}

} // namespace
} // namespace alk::authd::accounts_test
