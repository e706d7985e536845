#include "../pubkey/certificates.hpp"
#include "alknet-authd/certificate_judge.hpp"
#include "alknet-authd/signature.hpp"
#include "base/encoding.hpp"
#include "keys.hpp"
#include "pubkey/certificate.hpp"
#include "signed_certificates.hpp"

#include <gmock/gmock.h>

namespace alk::authd::certificate_judge_test {
namespace {

using testing::certificate;
using testing::CertificateFields;
using ::testing::ElementsAre;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::one_string;

constexpr UnixSeconds now = 1'800'000'000;
constexpr unsigned char ca = 100;

KeySet keys(const std::string& authorized, const std::string& trusted = "") {
  AuthorizedKeys parsed;
  parse_authorized_keys("keys", authorized, parsed);
  parse_authorized_keys("cas", trusted, parsed, Bare::Authority);
  return KeySet::build(std::move(parsed));
}

KeySet trusting(const std::string& options = "") {
  return keys("", options.empty() ? line(ca) : line(options, ca));
}

KeySet listing(const std::string& options = "cert-authority") {
  return keys(line(options, ca));
}

std::string verdict(const KeySet& set, std::string_view blob, std::string_view user = "alice",
                    std::string_view address = "192.0.2.1") {
  auto judged = judge(set, {blob, user, address}, now);
  if (!judged) return std::string(kind_name(judged.error().kind));
  if (auto* refusal = std::get_if<Refusal>(&*judged)) return std::string(refusal_word(*refusal));
  return "accepted";
}

std::string verdict(const KeySet& set, const CertificateFields& fields, std::string_view user = "alice") {
  return verdict(set, certificate(fields), user);
}

Grant granted(const KeySet& set, const CertificateFields& fields, std::string_view user = "alice") {
  std::string blob = certificate(fields);
  auto judged = judge(set, {blob, user, "192.0.2.1"}, now);
  EXPECT_TRUE(judged && std::holds_alternative<Grant>(*judged));
  return judged && std::holds_alternative<Grant>(*judged) ? std::get<Grant>(*judged) : Grant{};
}

CertificateFields naming(std::vector<std::string> principals) {
  CertificateFields fields;
  fields.principals = std::move(principals);
  return fields;
}

TEST(CertificateJudge, TheIdentityIsTheCertifiedKeyAndTheUserIsAScope) {
  auto grant = granted(trusting(), naming({"bob", "alice"}));
  EXPECT_EQ(grant.identity.id, id(1));
  EXPECT_THAT(grant.identity.scopes, ElementsAre("relay:connect", "principal:alice"));
  EXPECT_FALSE(grant.constraints.no_port_forwarding);
  EXPECT_FALSE(grant.constraints.expires);
}

TEST(CertificateJudge, OnlyKnownAuthoritiesCount) {
  EXPECT_EQ(verdict(keys(line(1)), CertificateFields{}), "unknown-authority");
  EXPECT_EQ(verdict(keys(line(ca)), CertificateFields{}), "unknown-authority") << "a login key is no CA";
  EXPECT_EQ(verdict(trusting(), CertificateFields{}), "accepted");
  EXPECT_EQ(verdict(listing(), CertificateFields{}), "accepted");
}

TEST(CertificateJudge, WhatWasNotSignedIsForged) {
  std::string blob = certificate({});
  for (std::size_t at = 60; at < blob.size(); at += 7) {
    std::string forged = blob;
    forged[at] = static_cast<char>(forged[at] ^ 1);
    EXPECT_NE(verdict(trusting(), forged), "accepted") << at;
  }
  std::string forged = blob;
  forged.back() = static_cast<char>(forged.back() ^ 1);
  EXPECT_EQ(verdict(trusting(), forged), "certificate");
}

TEST(CertificateJudge, Dates) {
  CertificateFields fields;
  fields.valid_before = static_cast<std::uint64_t>(now);
  EXPECT_EQ(verdict(trusting(), fields), "expired");
  fields.valid_before = static_cast<std::uint64_t>(now) + 1;
  fields.valid_after = static_cast<std::uint64_t>(now);
  EXPECT_EQ(granted(trusting(), fields).constraints.expires, static_cast<std::uint64_t>(now) + 1);
  fields.valid_after = static_cast<std::uint64_t>(now) + 1;
  EXPECT_EQ(verdict(trusting(), fields), "not-yet-valid");
}

TEST(CertificateJudge, ATrustedAuthorityComparesTheUser) {
  EXPECT_EQ(verdict(trusting(), naming({"bob"})), "principal");
  EXPECT_EQ(verdict(trusting(), naming({"bob"}), "bob"), "accepted");
  EXPECT_EQ(verdict(trusting(), naming({})), "principal");
  EXPECT_EQ(verdict(trusting(), naming({"alice"}), "ALICE"), "principal");
  EXPECT_EQ(verdict(trusting(), naming({"alice"}), ""), "principal");
}

TEST(CertificateJudge, ALineWithoutPrincipalsComparesTheUserWhenThereAreAny) {
  EXPECT_EQ(verdict(listing(), naming({"bob"})), "principal");
  EXPECT_EQ(verdict(listing(), naming({"bob"}), "bob"), "accepted");
  EXPECT_EQ(verdict(listing(), naming({}), "anybody"), "accepted");
  EXPECT_THAT(granted(listing(), naming({}), "anybody").identity.scopes, ElementsAre("relay:connect"));
}

TEST(CertificateJudge, ALineWithPrincipalsAdmitsThemAndNothingElse) {
  auto set = listing("cert-authority,principals=\"ops,dev\"");
  EXPECT_EQ(verdict(set, naming({"alice"})), "principal");
  EXPECT_EQ(verdict(set, naming({})), "principal");
  auto grant = granted(set, naming({"admins", "dev", "ops"}), "whoever");
  EXPECT_THAT(grant.identity.scopes, ElementsAre("relay:connect", "principal:dev", "principal:ops"));
}

TEST(CertificateJudge, OnePrincipalTooManyIsRefused) {
  std::vector<std::string> names;
  std::string listed;
  for (std::size_t i = 0; i < max_admitted; ++i) names.push_back("p" + std::to_string(i));
  for (const auto& name : names) listed += name + ",";
  auto set = listing("cert-authority,principals=\"" + listed + "last\"");
  EXPECT_EQ(verdict(set, naming(names)), "accepted");
  names.emplace_back("last");
  EXPECT_EQ(verdict(set, naming(names)), "principal");
}

TEST(CertificateJudge, EitherLineOfAnAuthorityMayAdmit) {
  auto set = keys(line("cert-authority,principals=\"ops\"", ca), line(ca));
  EXPECT_EQ(verdict(set, naming({"ops"})), "accepted");
  EXPECT_EQ(verdict(set, naming({"alice"})), "accepted");
  EXPECT_EQ(verdict(set, naming({"bob"})), "principal");
  EXPECT_EQ(set.authority_count(), 2u);
}

TEST(CertificateJudge, OfAHostOrWithWhatIsNotUnderstood) {
  CertificateFields fields;
  fields.type = 2;
  EXPECT_EQ(verdict(trusting(), fields), "certificate");
  fields.type = 1;
  fields.critical = {{"something new", ""}};
  EXPECT_EQ(verdict(trusting(), fields), "certificate");
}

TEST(CertificateJudge, SourceAddress) {
  CertificateFields fields;
  fields.critical = {{"source-address", one_string("192.0.2.0/24")}};
  std::string blob = certificate(fields);
  EXPECT_EQ(verdict(trusting(), blob), "accepted");
  EXPECT_EQ(verdict(trusting(), blob, "alice", "198.51.100.1"), "from");
  EXPECT_EQ(verdict(trusting(), blob, "alice", ""), "from");
}

TEST(CertificateJudge, OptionsOfTheLineLimitAsWell) {
  EXPECT_EQ(verdict(trusting("from=\"198.51.100.0/24\""), CertificateFields{}), "from");
  EXPECT_EQ(verdict(trusting("expiry-time=\"20200101Z\""), CertificateFields{}), "expired");
  auto grant = granted(trusting("permitopen=\"a:1\",restrict,expiry-time=\"20300101Z\""), {});
  EXPECT_THAT(grant.constraints.permit_open.value(), ElementsAre("a:1"));
  EXPECT_TRUE(grant.constraints.no_port_forwarding);
  EXPECT_EQ(grant.constraints.expires, 1893456000u);
}

TEST(CertificateJudge, WithoutTheExtensionNothingIsForwarded) {
  CertificateFields fields;
  fields.extensions = {{"permit-pty", ""}};
  EXPECT_TRUE(granted(trusting(), fields).constraints.no_port_forwarding);
}

TEST(CertificateJudge, AnAuthorityDoesNotLogInByACertificateEither) {
  CertificateFields fields;
  fields.key = 101;
  EXPECT_EQ(verdict(keys("cert-authority " + line(101), line(ca)), fields), "not-a-login-key");
}

TEST(CertificateJudge, MalformedIsAnError) {
  EXPECT_EQ(verdict(trusting(), certificate({}) + "x"), kind_name(Kind::Invalid));
}

TEST(Credential, SaysWhetherTheLoginStillCounts) {
  CertificateFields fields = naming({"alice", "bob"});
  fields.valid_before = static_cast<std::uint64_t>(now) + 60;
  std::string credential = granted(trusting(), fields).constraints.credential;
  auto revoked = [&](const KeySet& set, UnixSeconds at = now) {
    return !find_revoked(set, {}, {credential}, at)->empty();
  };
  EXPECT_FALSE(revoked(trusting()));
  EXPECT_FALSE(revoked(trusting("from=\"198.51.100.1\""))) << "needs the peer";
  EXPECT_FALSE(revoked(listing()));
  EXPECT_TRUE(revoked(keys(line(1)))) << "the certified key is not the one that logged in";
  EXPECT_TRUE(revoked(listing("cert-authority,principals=\"bob\"")));
  EXPECT_TRUE(revoked(keys("cert-authority " + line(1), line(ca))));
  EXPECT_TRUE(revoked(trusting("expiry-time=\"20200101Z\"")));
  EXPECT_TRUE(revoked(trusting(), now + 60));
}

TEST(Credential, ALostPrincipalIsALostLogin) {
  auto grant = granted(listing("cert-authority,principals=\"ops,dev\""), naming({"dev", "ops"}), "whoever");
  const std::vector<std::string> asked{grant.constraints.credential};
  EXPECT_THAT(*find_revoked(listing("cert-authority,principals=\"dev,ops,more\""), {}, asked, now),
              IsEmpty());
  EXPECT_EQ(*find_revoked(listing("cert-authority,principals=\"dev\""), {}, asked, now), asked);
  auto nobody = granted(listing(), naming({}), "whoever");
  EXPECT_TRUE(find_revoked(listing(), {}, {nobody.constraints.credential}, now)->empty());
  EXPECT_FALSE(find_revoked(trusting(), {}, {nobody.constraints.credential}, now)->empty());
}

TEST(Credential, TextAndBack) {
  CertificateLogin login{sha256("a"), sha256("b"), "alice", {"alice"}, 17};
  EXPECT_EQ(parse_credential(credential_text(login)), login);
  std::string text = credential_text(login);
  for (const std::string& bad : {std::string(), std::string("cert:1:"), text.substr(0, 60), text + "AAAA",
                                 "cert:2:" + text.substr(7), id(1)})
    EXPECT_FALSE(parse_credential(bad)) << bad;
}

TEST(Signature, OfEveryKindOfAuthority) {
  for (const auto& one : testing::signed_certificates) {
    std::string blob = base64_decode(one.base64).value();
    auto parsed = pubkey::parse_certificate(blob);
    ASSERT_TRUE(parsed) << one.how;
    EXPECT_EQ(signature_valid(parsed->authority, parsed->body, parsed->signature), one.valid) << one.how;
    EXPECT_FALSE(signature_valid(parsed->authority, std::string(parsed->body) + "x", parsed->signature));
    std::string other(parsed->signature);
    other[other.size() - 3] = static_cast<char>(other[other.size() - 3] ^ 4);
    EXPECT_FALSE(signature_valid(parsed->authority, parsed->body, other)) << one.how;
    EXPECT_FALSE(signature_valid(key(3), parsed->body, parsed->signature)) << one.how;
  }
}

TEST(Signature, WhatIsMalformedIsNotValid) {
  EXPECT_FALSE(signature_valid("", "", ""));
  EXPECT_FALSE(signature_valid(key(1), "x", "garbage"));
  EXPECT_FALSE(signature_valid(key(1), "x", one_string("ssh-ed25519") + one_string("short")));
  std::string good = one_string("ssh-ed25519") + one_string(testing::sign(1, "x"));
  EXPECT_TRUE(signature_valid(key(1), "x", good));
  EXPECT_FALSE(signature_valid(key(1), "x", good + "x"));
  EXPECT_FALSE(signature_valid(testing::rsa_key(2048), "x", good));
}

} // namespace
} // namespace alk::authd::certificate_judge_test
