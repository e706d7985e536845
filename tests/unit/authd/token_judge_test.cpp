#include "../pubkey/certificates.hpp"
#include "alknet-authd/token_judge.hpp"
#include "base/encoding.hpp"
#include "keys.hpp"
#include "pubkey/auth_token.hpp"

#include <gmock/gmock.h>

namespace alk::authd::token_judge_test {
namespace {

using ::testing::ElementsAre;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;

constexpr UnixSeconds now = 1'800'000'000;

// services.md section 6.9.
constexpr const char* known_key = "alk_testsecret123";
constexpr const char* known_hash = "sha256:61210fdb492c840f1838774b822c184083c4093c7cb93e6c2c33732ff3b8903c";

KeySet keys(const std::string& text) {
  AuthorizedKeys parsed;
  parse_authorized_keys("keys", text, parsed);
  return KeySet::build(std::move(parsed));
}

std::string token(unsigned char seed, UnixSeconds made = now, std::optional<Digest> key_id = std::nullopt) {
  pubkey::AuthToken token{key_id.value_or(pubkey::token_key_id(key(seed))), static_cast<std::uint64_t>(made),
                          ""};
  token.signature = testing::sign(seed, token.message());
  return token.text();
}

config::ApiKey api_key(const std::string& prefix, const std::string& whole) {
  config::ApiKey entry;
  entry.prefix = prefix;
  const Digest digest = sha256(whole);
  entry.hash = "sha256:" + hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  entry.scopes = {"of " + whole};
  return entry;
}

std::string word(const Verdict& verdict) {
  auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "accepted" : std::string(refusal_word(*refusal));
}

std::string verdict(const KeySet& set, std::string_view text, const config::Auth& auth = {},
                    std::string_view address = "192.0.2.1") {
  return word(judge_token(set, auth, text, address, now));
}

Grant granted(const KeySet& set, const config::Auth& auth, std::string_view text) {
  auto verdict = judge_token(set, auth, text, "192.0.2.1", now);
  EXPECT_EQ(word(verdict), "accepted");
  return std::holds_alternative<Grant>(verdict) ? std::get<Grant>(verdict) : Grant{};
}

TEST(AuthTokenJudge, GivesWhatALoginByTheKeyGives) {
  auto set = keys(line("restrict,expiry-time=\"20300101Z\"", 1));
  auto grant = granted(set, {}, token(1));
  auto login = std::get<Grant>(*judge(set, {key(1), "alice", "192.0.2.1"}, now));
  EXPECT_EQ(grant.identity, login.identity);
  EXPECT_EQ(grant.constraints, login.constraints);
}

TEST(AuthTokenJudge, TheKeyMayBeNamedByEitherHash) {
  auto set = keys(line(1) + "\n" + line(2));
  EXPECT_EQ(granted(set, {}, token(2)).identity.id, id(2));
  EXPECT_EQ(granted(set, {}, token(2, now, sha256(key(2)))).identity.id, id(2));
  EXPECT_EQ(verdict(set, token(2, now, sha256("x"))), "unknown-key");
  EXPECT_EQ(verdict(set, token(3)), "unknown-key");
}

TEST(AuthTokenJudge, FindsEveryKeyOfMany) {
  std::string text;
  for (unsigned char seed = 1; seed < 100; ++seed) text += line(seed) + "\n";
  auto set = keys(text);
  for (unsigned char seed = 1; seed < 100; ++seed)
    EXPECT_EQ(granted(set, {}, token(seed)).identity.id, id(seed));
}

TEST(AuthTokenJudge, TheWindowIsOpenToBothSides) {
  auto set = keys(line(1));
  for (UnixSeconds apart : {-300, -299, 0, 300}) EXPECT_EQ(verdict(set, token(1, now + apart)), "accepted");
  for (UnixSeconds apart : {-301, 301, 86400}) EXPECT_EQ(verdict(set, token(1, now + apart)), "stale");
  EXPECT_EQ(verdict(set, token(1, -1)), "stale") << "the largest number there is";
  config::Auth auth;
  auth.token.max_token_age = config::seconds(10);
  EXPECT_EQ(verdict(set, token(1, now - 11), auth), "stale");
}

TEST(AuthTokenJudge, OnlyTheKeyItselfSigns) {
  auto set = keys(line(1) + "\n" + line(2));
  EXPECT_EQ(verdict(set, token(2, now, pubkey::token_key_id(key(1)))), "signature");
  std::string text = token(1);
  text[50] = text[50] == 'A' ? 'B' : 'A'; // of the time
  EXPECT_EQ(verdict(set, text), "signature");
}

TEST(AuthTokenJudge, TheOptionsOfTheLineHold) {
  EXPECT_EQ(verdict(keys(line("from=\"198.51.100.1\"", 1)), token(1)), "from");
  EXPECT_EQ(verdict(keys(line("from=\"192.0.2.1\"", 1)), token(1), {}, ""), "from");
  EXPECT_EQ(verdict(keys(line("expiry-time=\"20200101Z\"", 1)), token(1)), "expired");
  EXPECT_EQ(verdict(keys("cert-authority " + line(1)), token(1)), "unknown-key");
}

TEST(AuthTokenJudge, CanBeSwitchedOff) {
  config::Auth auth;
  auth.token.enabled = false;
  EXPECT_EQ(verdict(keys(line(1)), token(1), auth), "tokens-off");
}

TEST(AuthTokenJudge, WhatIsNoTokenIsMalformed) {
  auto set = keys(line(1));
  for (const std::string& bad :
       {std::string(), std::string("nonsense"), token(1) + "A", std::string(max_token + 1, 'x')})
    EXPECT_EQ(verdict(set, bad), "malformed") << bad;
}

TEST(ApiKey, TheKnownAnswer) {
  config::Auth auth;
  auth.api_keys.emplace_back();
  auth.api_keys[0].hash = known_hash;
  auth.api_keys[0].scopes = {"a", "b"};
  auto grant = granted({}, auth, known_key);
  EXPECT_EQ(grant.identity.id, "alk_");
  EXPECT_THAT(grant.identity.scopes, ElementsAre("a", "b"));
  EXPECT_THAT(grant.identity.resources, IsEmpty());
  EXPECT_FALSE(grant.constraints.expires);
}

TEST(ApiKey, EveryEntryThatBeginsSoIsTried) {
  config::Auth auth;
  auth.api_keys = {api_key("alk_", "alk_first"), api_key("alk_s", "alk_second"),
                   api_key("alk_t", "alk_third")};
  for (const auto& [text, wanted] :
       {std::pair("alk_first", "alk_"), {"alk_second", "alk_s"}, {"alk_third", "alk_t"}})
    EXPECT_EQ(granted({}, auth, text).identity.id, wanted);
  EXPECT_EQ(verdict({}, "alk_fourth", auth), "unknown-key");
  EXPECT_EQ(verdict({}, "alk_firs", auth), "unknown-key");
  EXPECT_EQ(verdict({}, "alk_first ", auth), "unknown-key");
  auth.api_keys[1].prefix = "alk_x";
  EXPECT_EQ(verdict({}, "alk_second", auth), "unknown-key") << "the prefix has to fit as well";
}

TEST(ApiKey, Expires) {
  config::Auth auth;
  auth.api_keys = {api_key("alk_", "alk_first")};
  auth.api_keys[0].expires_at = static_cast<std::uint32_t>(now);
  EXPECT_EQ(verdict({}, "alk_first", auth), "expired");
  auth.api_keys[0].expires_at += 1;
  EXPECT_EQ(granted({}, auth, "alk_first").constraints.expires, static_cast<std::uint64_t>(now) + 1);
  auth.api_keys[0].expires_at = 0;
  auth.api_keys[0].created_at = static_cast<std::uint32_t>(now) - 60;
  auth.api_keys[0].ttl = config::seconds(60);
  EXPECT_EQ(verdict({}, "alk_first", auth), "expired");
  auth.api_keys[0].ttl = config::seconds(61);
  EXPECT_EQ(verdict({}, "alk_first", auth), "accepted");
}

// One key in 16.7 million makes AuthTokens that begin so.
TEST(ApiKey, AnAuthTokenMayBeginLikeOne) {
  const std::string id_bytes = base64url_decode("alk_AAAA").value();
  Digest begin{};
  std::copy(id_bytes.begin(), id_bytes.end(), begin.begin());
  std::string text = token(1, now, begin);
  ASSERT_TRUE(text.starts_with("alk_"));
  EXPECT_EQ(verdict(keys(line(1)), text), "unknown-key");
  config::Auth off;
  off.token.enabled = false;
  EXPECT_EQ(verdict(keys(line(1)), text, off), "tokens-off") << "judged as an AuthToken";
  EXPECT_EQ(verdict(keys(line(1)), text.substr(1), off), "malformed");
  EXPECT_EQ(verdict(keys(line(1)), text + "A", off), "unknown-key") << "judged as an API key alone";
  config::Auth auth;
  auth.api_keys = {api_key("alk_", text)};
  EXPECT_EQ(verdict(keys(line(1)), text, auth), "accepted");
}

TEST(ApiKey, ItsCredentialSaysWhetherItStillCounts) {
  config::Auth auth;
  auth.api_keys = {api_key("alk_", "alk_first")};
  const std::vector<std::string> asked{granted({}, auth, "alk_first").constraints.credential};
  EXPECT_THAT(*find_revoked({}, auth, asked, now), IsEmpty());
  EXPECT_EQ(*find_revoked({}, {}, asked, now), asked);
  auth.api_keys[0].expires_at = 1;
  EXPECT_EQ(*find_revoked({}, auth, asked, now), asked);
  auth.api_keys = {api_key("alk_", "alk_rotated")};
  EXPECT_EQ(*find_revoked({}, auth, asked, now), asked);
}

} // namespace
} // namespace alk::authd::token_judge_test
