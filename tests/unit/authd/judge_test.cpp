#include "alknet-authd/judge.hpp"
#include "keys.hpp"

#include <gmock/gmock.h>

namespace alk::authd::judge_test {
namespace {

using ::testing::ElementsAre;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::line_of;
using ::testing::UnorderedElementsAre;

constexpr UnixSeconds now = 1'800'000'000; // 15 January 2027

KeySet keys(std::initializer_list<std::string> lines) {
  AuthorizedKeys parsed;
  std::string text;
  for (const std::string& one : lines) text += one + "\n";
  parse_authorized_keys("keys", text, parsed);
  return KeySet::build(std::move(parsed));
}

// "accepted", or the word of the refusal.
std::string verdict(const KeySet& set, std::string_view blob, std::string_view address = "192.0.2.1",
                    UnixSeconds at = now) {
  auto judged = judge(set, {blob, "alice", address}, at);
  if (!judged) return std::string(kind_name(judged.error().kind));
  if (auto* refusal = std::get_if<Refusal>(&*judged)) return std::string(refusal_word(*refusal));
  return "accepted";
}

Grant granted(const KeySet& set, std::string_view blob) {
  auto judged = judge(set, {blob, "alice", "192.0.2.1"}, now);
  EXPECT_TRUE(judged && std::holds_alternative<Grant>(*judged));
  return judged && std::holds_alternative<Grant>(*judged) ? std::get<Grant>(*judged) : Grant{};
}

TEST(Judge, AKnownKeyIsItsFingerprint) {
  auto grant = granted(keys({line(1), line(2)}), key(2));
  EXPECT_EQ(grant.identity.id, id(2));
  EXPECT_THAT(grant.identity.scopes, ElementsAre("relay:connect"));
  EXPECT_THAT(grant.identity.resources, IsEmpty());
  EXPECT_EQ(grant.constraints, Constraints());
}

TEST(Judge, AnotherKeyIsUnknown) {
  EXPECT_EQ(verdict(keys({line(1)}), key(2)), "unknown-key");
  EXPECT_EQ(verdict(keys({}), key(2)), "unknown-key");
  EXPECT_EQ(verdict(KeySet(), key(2)), "unknown-key");
}

TEST(Judge, FindsEveryKeyOfMany) {
  AuthorizedKeys parsed;
  for (int seed = 0; seed < 200; ++seed)
    parse_authorized_keys("keys", line(static_cast<unsigned char>(seed)), parsed);
  auto set = KeySet::build(std::move(parsed));
  EXPECT_EQ(set.login_count(), 200u);
  for (int seed = 0; seed < 256; ++seed)
    EXPECT_EQ(verdict(set, key(static_cast<unsigned char>(seed))), seed < 200 ? "accepted" : "unknown-key")
        << seed;
}

TEST(Judge, OtherKindsAreUnsupported) {
  auto set = keys({line(1)});
  for (const char* type : {"ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com",
                           "ssh-rsa-cert-v01@openssh.com", "ssh-ed448"})
    EXPECT_EQ(verdict(set, testing::key_of_type(type)), "unsupported") << type;
}

TEST(Judge, MalformedBlobsAreErrors) {
  auto set = keys({line(1)});
  EXPECT_EQ(verdict(set, ""), kind_name(Kind::Invalid));
  EXPECT_EQ(verdict(set, "garbage"), kind_name(Kind::Invalid));
  EXPECT_EQ(verdict(set, key(1) + "x"), kind_name(Kind::Invalid));
  EXPECT_EQ(verdict(set, key(1).substr(0, 50)), kind_name(Kind::Invalid));
  EXPECT_EQ(verdict(set, std::string(max_key_blob + 1, 'x')), kind_name(Kind::Invalid));
}

TEST(Judge, AuthoritiesNeverLogIn) {
  auto rsa = testing::rsa_key(2048);
  auto set = keys({"cert-authority " + line(1), "cert-authority " + line_of("ssh-rsa", rsa)});
  EXPECT_EQ(set.login_count(), 0u);
  EXPECT_EQ(set.authority_count(), 2u);
  EXPECT_EQ(verdict(set, key(1)), "not-a-login-key");
  EXPECT_EQ(verdict(set, rsa), "not-a-login-key");
  EXPECT_FALSE(look_up(set, id(1), now));
}

// Whatever the order, and whatever file.
TEST(Judge, APlainLineDoesNotMakeAnAuthorityALoginKey) {
  for (auto& set :
       {keys({"cert-authority " + line(1), line(1)}), keys({line(1), "cert-authority " + line(1)})}) {
    EXPECT_EQ(verdict(set, key(1)), "not-a-login-key");
    ASSERT_EQ(set.warnings().list().size(), 1u);
    EXPECT_THAT(set.warnings().texts()[0], ::testing::HasSubstr("the key is a certificate authority"));
  }
}

TEST(Judge, From) {
  auto set = keys({line("from=\"192.0.2.0/24,!192.0.2.66\"", 1)});
  EXPECT_EQ(verdict(set, key(1), "192.0.2.1"), "accepted");
  EXPECT_EQ(verdict(set, key(1), "192.0.2.66"), "from");
  EXPECT_EQ(verdict(set, key(1), "198.51.100.1"), "from");
  EXPECT_EQ(verdict(set, key(1), "::ffff:192.0.2.1"), "accepted");
}

TEST(Judge, FromNeedsAnAddress) {
  auto set = keys({line("from=\"*\"", 1), line(2)});
  EXPECT_EQ(verdict(set, key(1), "192.0.2.1"), "accepted");
  EXPECT_EQ(verdict(set, key(1), ""), "from");
  EXPECT_EQ(verdict(set, key(1), "a peer without an address"), "from");
  EXPECT_EQ(verdict(set, key(2), ""), "accepted");
}

TEST(Judge, ExpiryIsJudgedWhenAsked) {
  auto set = keys({line("expiry-time=\"20270115080000Z\"", 1)}); // exactly `now`
  EXPECT_EQ(verdict(set, key(1), "", now - 1), "accepted");
  EXPECT_EQ(verdict(set, key(1), "", now), "expired");
  EXPECT_EQ(verdict(set, key(1), "", now + 1), "expired");
}

TEST(Judge, Constraints) {
  auto set = keys({line(
      "permitopen=\"a:1\",permitopen=\"b:*\",permitlisten=\"80\",restrict,expiry-time=\"20300101Z\"", 1)});
  auto constraints = granted(set, key(1)).constraints;
  EXPECT_THAT(constraints.permit_open.value(), ElementsAre("a:1", "b:*"));
  EXPECT_THAT(constraints.permit_listen.value(), ElementsAre("*:80"));
  EXPECT_TRUE(constraints.no_port_forwarding);
  EXPECT_EQ(constraints.expires, 1893456000u);
}

TEST(KeySet, TheFirstOfTwoLinesCounts) {
  auto set = keys({line("restrict", 1), line(2), line(1)});
  EXPECT_EQ(set.login_count(), 2u);
  EXPECT_TRUE(granted(set, key(1)).constraints.no_port_forwarding);
  EXPECT_THAT(set.warnings().texts(), ElementsAre("keys:3: the key stands already at keys:1"));
}

TEST(KeySet, ThreeOfAKindAndTwiceTheAuthority) {
  auto set =
      keys({line(1), line("restrict", 1), line(1), "cert-authority " + line(2), "cert-authority " + line(2)});
  EXPECT_EQ(set.login_count(), 1u);
  EXPECT_EQ(set.authority_count(), 1u);
  EXPECT_THAT(set.warnings().texts(), UnorderedElementsAre("keys:2: the key stands already at keys:1",
                                                           "keys:3: the key stands already at keys:1",
                                                           "keys:5: the key stands already at keys:4"));
}

// The digest finds the line; the whole key decides.
TEST(KeySet, ComparesTheWholeKey) {
  auto set = keys({line(1)});
  auto other = key(1);
  other.back() = static_cast<char>(other.back() ^ 1);
  EXPECT_EQ(set.find_login(other), nullptr);
  EXPECT_NE(set.find_login(key(1)), nullptr);
  EXPECT_EQ(set.find_login(""), nullptr);
}

TEST(LookUp, AsALoginWouldGetIt) {
  auto set = keys({line("restrict,from=\"198.51.100.1\"", 1), line("expiry-time=\"20200101Z\"", 2)});
  auto grant = look_up(set, id(1), now);
  ASSERT_TRUE(grant);
  EXPECT_TRUE(grant->constraints.no_port_forwarding);
  EXPECT_FALSE(look_up(set, id(2), now)) << "expired";
  EXPECT_FALSE(look_up(set, id(3), now)) << "unknown";
  EXPECT_FALSE(look_up(set, "alice", now));
}

TEST(FindRevoked, NamesWhatCannotLogIn) {
  auto set = keys({line(1), line("expiry-time=\"20200101Z\"", 2)});
  auto revoked = find_revoked(set, {}, {id(3), id(1), id(2), "", "nobody"}, now);
  ASSERT_TRUE(revoked);
  EXPECT_THAT(*revoked, ElementsAre(id(3), id(2), "", "nobody"));
  EXPECT_THAT(*find_revoked(set, {}, {}, now), IsEmpty());
}

TEST(FindRevoked, IsBounded) {
  EXPECT_TRUE(find_revoked(KeySet(), {}, std::vector<std::string>(max_find_revoked), now));
  auto revoked = find_revoked(KeySet(), {}, std::vector<std::string>(max_find_revoked + 1), now);
  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().kind, Kind::Invalid);
}

TEST(LostIdentities, AreThoseThatTheNewKeysRefuse) {
  auto before = keys({line(1), line(2), line(3), line(4)});
  auto after =
      keys({line("restrict", 1), line("expiry-time=\"20200101Z\"", 2), "cert-authority " + line(3), line(5)});
  EXPECT_THAT(lost_identities(before, after, now), UnorderedElementsAre(id(2), id(3), id(4)));
  EXPECT_THAT(lost_identities(before, before, now), IsEmpty());
}

} // namespace
} // namespace alk::authd::judge_test
