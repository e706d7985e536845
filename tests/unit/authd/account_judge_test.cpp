#include "../pubkey/certificates.hpp"
#include "account_answers.hpp"
#include "base/encoding.hpp"
#include "keys.hpp"
#include "pubkey/auth_token.hpp"

#include <gmock/gmock.h>

namespace alk::authd::account_judge_test {
namespace {

using testing::answer_with;
using testing::certificate;
using ::testing::ElementsAre;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::word;

constexpr UnixSeconds now = 1'800'000'000;

KeySet keys(const std::string& text) {
  AuthorizedKeys parsed;
  parse_authorized_keys("keys", text, parsed);
  return KeySet::build(std::move(parsed));
}

Verdict by_account(const AccountAnswer& answer, std::string_view blob, std::string_view user = "alice",
                   std::string_view address = "192.0.2.1") {
  auto inquiry = inquire_key({blob, user, address}, now);
  return inquiry.judge(*read_answer(answer), inquiry.questions.at(0));
}

Grant granted(const Verdict& verdict) {
  EXPECT_EQ(word(verdict), "accepted");
  return std::holds_alternative<Grant>(verdict) ? std::get<Grant>(verdict) : Grant{};
}

// The same line in a file and with an account: the same verdict, scopes and limits.
TEST(Parity, OfKeysAndCertificates) {
  struct Case {
    std::string options, blob, user = "alice", address = "192.0.2.1";
  };
  testing::CertificateFields two;
  two.principals = {"ops", "dev"};
  const std::vector<std::pair<unsigned char, Case>> cases{
      {1, {"restrict", key(1)}},
      {1, {"from=\"192.0.2.0/24\"", key(1)}},
      {1, {"from=\"198.51.100.0/24\"", key(1)}},
      {1, {"from=\"192.0.2.0/24\"", key(1), "alice", ""}},
      {1, {"expiry-time=\"20200101Z\"", key(1)}},
      {1, {"expiry-time=\"20300101Z\",permitopen=\"a:1\",permitlisten=\"80\"", key(1)}},
      {100, {"cert-authority", certificate({})}},
      {100, {"cert-authority", certificate({}), "bob"}},
      {100, {"cert-authority,principals=\"dev\"", certificate(two)}},
      {100, {"cert-authority,principals=\"other\"", certificate(two)}},
      {100, {"cert-authority", certificate({}) + "x"}},
      {100, {"cert-authority", key(100)}},
  };
  for (const auto& [seed, one] : cases) {
    const std::string text = line(one.options, seed);
    const Attempt attempt{one.blob, one.user, one.address};
    auto configured = judge(keys(text), attempt, now);
    auto inquiry = inquire_key(attempt, now);
    if (!configured) {
      EXPECT_THAT(inquiry.questions, IsEmpty()) << one.options;
      continue;
    }
    auto verdict = inquiry.judge(*read_answer(answer_with(text)), inquiry.questions.at(0));
    ASSERT_EQ(word(verdict), word(*configured)) << one.options;
    if (word(verdict) != "accepted") continue;
    auto theirs = std::get<Grant>(*configured), ours = std::get<Grant>(verdict);
    EXPECT_EQ(ours.identity.id, "a-uuid");
    EXPECT_EQ(ours.identity.scopes, theirs.identity.scopes) << one.options;
    ours.constraints.credential = theirs.constraints.credential;
    EXPECT_EQ(ours.constraints, theirs.constraints) << one.options;
  }
}

TEST(AccountJudge, AsksForTheKeyOrTheAuthority) {
  EXPECT_EQ(inquire_key({key(1), "", ""}, now).questions.at(0).value, id(1));
  EXPECT_EQ(inquire_key({certificate({}), "", ""}, now).questions.at(0).value, id(100));
  EXPECT_THAT(inquire_key({testing::key_of_type("ssh-rsa"), "", ""}, now).questions, IsEmpty());
  EXPECT_THAT(inquire_key({"garbage", "", ""}, now).questions, IsEmpty());
}

TEST(AccountJudge, WhatTheStoreAnswersIsNotBelievedBlindly) {
  EXPECT_EQ(word(by_account(answer_with(line(2)), key(1))), "unknown-key");
  EXPECT_EQ(word(by_account(answer_with(""), key(1))), "unknown-key");
  EXPECT_EQ(word(by_account(answer_with(line(1)), key(1))), "accepted");
}

TEST(AccountJudge, TheEarlierEndCounts) {
  auto answer = answer_with(line("expiry-time=\"20300101Z\"", 1));
  answer.expires = 1'800'000'100;
  EXPECT_EQ(granted(by_account(answer, key(1))).constraints.expires, 1'800'000'100U);
  answer.expires = 1'999'999'999;
  EXPECT_EQ(granted(by_account(answer, key(1))).constraints.expires, 1893456000U);
  answer.expires = static_cast<std::uint64_t>(now);
  EXPECT_EQ(word(by_account(answer, key(1))), "expired");
}

TEST(AccountJudge, Tokens) {
  auto inquiry = inquire_token({}, "alk_testsecret123", "", now);
  ASSERT_EQ(inquiry.questions.size(), 1U);
  EXPECT_EQ(inquiry.questions[0].kind, "api-key");
  EXPECT_EQ(inquiry.questions[0].value, "61210fdb492c840f1838774b822c184083c4093c7cb93e6c2c33732ff3b8903c");
  auto grant = granted(inquiry.judge(*read_answer(answer_with("", {"x"})), inquiry.questions[0]));
  EXPECT_THAT(grant.identity.scopes, ElementsAre("x"));

  pubkey::AuthToken token{pubkey::token_key_id(key(1)), static_cast<std::uint64_t>(now), ""};
  token.signature = testing::sign(1, token.message());
  inquiry = inquire_token({}, token.text(), "192.0.2.1", now);
  ASSERT_EQ(inquiry.questions.size(), 2U);
  EXPECT_EQ(inquiry.questions[0].kind, "token-key");
  EXPECT_EQ(inquiry.questions[1].kind, "fingerprint");
  EXPECT_EQ(word(inquiry.judge(*read_answer(answer_with(line(1))), inquiry.questions[0])), "accepted");
  EXPECT_EQ(
      word(inquiry.judge(*read_answer(answer_with(line("from=\"10.0.0.1\"", 1))), inquiry.questions[0])),
      "from");
  EXPECT_EQ(word(inquiry.judge(*read_answer(answer_with(line(2))), inquiry.questions[0])), "unknown-key");
  config::Auth off;
  off.token.enabled = false;
  EXPECT_THAT(inquire_token(off, token.text(), "", now).questions, IsEmpty());
}

TEST(AccountCredential, SaysWhetherTheLoginStillCounts) {
  auto answer = answer_with(line(1));
  auto login = parse_account_credential(granted(by_account(answer, key(1))).constraints.credential);
  ASSERT_TRUE(login);
  EXPECT_TRUE(still_admitted(*login, *read_answer(answer), now));
  auto changed = answer;
  changed.accepted = false;
  EXPECT_FALSE(still_admitted(*login, *read_answer(changed), now));
  changed = answer;
  changed.credential = "credential-2"; // the key was revoked and given anew
  EXPECT_FALSE(still_admitted(*login, *read_answer(changed), now));
  changed = answer;
  changed.line = line("expiry-time=\"20200101Z\"", 1);
  EXPECT_FALSE(still_admitted(*login, *read_answer(changed), now));
  changed = answer;
  changed.expires = static_cast<std::uint64_t>(now);
  EXPECT_FALSE(still_admitted(*login, *read_answer(changed), now));
}

TEST(AccountCredential, OfACertificateKnowsItsPrincipals) {
  auto answer = answer_with(line("cert-authority,principals=\"alice\"", 100), {"x"});
  auto grant = granted(by_account(answer, certificate({})));
  EXPECT_THAT(grant.identity.scopes, ElementsAre("x", "principal:alice"));
  auto login = parse_account_credential(grant.constraints.credential);
  ASSERT_TRUE(login);
  EXPECT_TRUE(still_admitted(*login, *read_answer(answer), now));
  answer.line = line("cert-authority,principals=\"bob\"", 100);
  EXPECT_FALSE(still_admitted(*login, *read_answer(answer), now));
  for (const std::string& bad :
       {std::string(), std::string("account:1:"), std::string("account:1:AAAA"), id(1)})
    EXPECT_FALSE(parse_account_credential(bad)) << bad;
}

} // namespace
} // namespace alk::authd::account_judge_test
