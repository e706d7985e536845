#include "alknet-stored/streams.hpp"
#include "identity_test_base.hpp"

#include <gmock/gmock.h>

namespace alk::stored::credentials_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// ssh-keygen -l, and SHA-256 of the 32 bytes of the key.
constexpr const char* first_fingerprint = "SHA256:B4IXFeAEHkhBum64EYWlO6BlTG2hZeNW3hF5QMg42kk";
constexpr const char* first_token_key = "9d5bb06b3549c7825d783ddd836c804acc1bf833470ec23451811242f94bc9a9";

class Credentials : public IdentityTest {
 protected:
  void SetUp() override { ada_ = make_account(); }
  Result<Credential> revoke(const std::string& reference) {
    return run([&](Transaction& t) { return revoke_credential(t, test_act(test_time + 5), reference); });
  }
  Account ada_;
};
ON_EVERY_ENGINE(Credentials);

TEST_P(Credentials, AKeyResolvesToItsAccount) {
  auto added = add_key(std::string(first_key) + " ada@laptop");
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(added->fingerprint, first_fingerprint);
  EXPECT_EQ(added->name, "ada@laptop");
  EXPECT_EQ(added->type, "ssh_key");
  EXPECT_EQ(added->line, first_key);
  for (auto [kind, value] : {std::pair(Presented::Fingerprint, first_fingerprint),
                             std::pair(Presented::TokenKey, first_token_key)}) {
    const Resolution found = look(kind, value);
    ASSERT_TRUE(std::holds_alternative<Resolved>(found)) << value;
    const Resolved& resolved = std::get<Resolved>(found);
    EXPECT_EQ(resolved.account_id, ada_.id);
    EXPECT_EQ(resolved.credential_id, added->id);
    EXPECT_EQ(resolved.key_line, first_key);
    EXPECT_THAT(resolved.scopes, ElementsAre("relay:connect"));
  }
  EXPECT_EQ(verdict(Presented::Fingerprint, first_token_key), "unknown");
  EXPECT_EQ(verdict(Presented::ApiKey, first_token_key), "unknown");
}

TEST_P(Credentials, ScopesAreTheAccountsAndTheKeys) {
  make_account("bob@example.org", {"a:one", "a:two"});
  ASSERT_TRUE(add_key(first_key, {"a:two", "a:three"}, std::nullopt, "bob@example.org"));
  const Resolution found = look(Presented::Fingerprint, first_fingerprint);
  EXPECT_THAT(std::get<Resolved>(found).scopes, ElementsAre("a:one", "a:two", "a:three"));
}

TEST_P(Credentials, EveryReasonToRefuseIsNamed) {
  auto added = add_key(first_key, {}, test_time + 10);
  ASSERT_TRUE(added);
  EXPECT_EQ(verdict(Presented::Fingerprint, first_fingerprint, test_time + 9), ada_.id);
  EXPECT_EQ(verdict(Presented::Fingerprint, first_fingerprint, test_time + 10), "expired");
  auto enable = [&](bool enabled) {
    return run([&](Transaction& t) { return enable_credential(t, test_act(), added->id, enabled); });
  };
  EXPECT_TRUE(enable(false));
  EXPECT_EQ(verdict(Presented::TokenKey, first_token_key), "disabled");
  EXPECT_TRUE(enable(true));
  for (const char* status : {"suspended", "deactivated"}) {
    EXPECT_TRUE(run([&](Transaction& t) {
      return update_account(t, test_act(), ada_.id, {{}, {}, {}, status, {}});
    }));
    EXPECT_EQ(verdict(Presented::Fingerprint, first_fingerprint), "account-inactive");
  }
  EXPECT_TRUE(run([&](Transaction& t) {
    return update_account(t, test_act(), ada_.id, {{}, {}, {}, "active", {}});
  }));
  EXPECT_TRUE(revoke(first_fingerprint));
  EXPECT_EQ(verdict(Presented::Fingerprint, first_fingerprint), "revoked");
  EXPECT_EQ(kind_of(revoke(added->id)), Kind::Conflict);
  EXPECT_EQ(kind_of(revoke(first_fingerprint)), Kind::NotFound); // no live one
  EXPECT_EQ(kind_of(enable(true)), Kind::Conflict);
}

TEST_P(Credentials, ARevokedKeyMayBeGivenAgain) {
  ASSERT_TRUE(add_key(first_key));
  const Account bob = make_account("bob@example.org");
  EXPECT_EQ(kind_of(add_key(first_key, {}, std::nullopt, "bob@example.org")), Kind::Conflict);
  EXPECT_EQ(kind_of(add_key(std::string("cert-authority ") + first_key)), Kind::Conflict);
  ASSERT_TRUE(revoke(first_fingerprint));
  ASSERT_TRUE(add_key(first_key, {}, std::nullopt, "bob@example.org"));
  EXPECT_EQ(verdict(Presented::Fingerprint, first_fingerprint), bob.id);
  auto rows = run([](Transaction& t) { return list_credentials(t, "ada@example.org"); });
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).revoked_at, test_time + 5);
}

TEST_P(Credentials, OptionsStayInTheLine) {
  const std::string options =
      "restrict,port-forwarding,from=\"192.0.2.0/24\",expiry-time=\"20231114221330Z\"";
  auto added = add_key(options + " " + first_key + " ada", {}, test_time + 1000);
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(added->line, options + " " + first_key);
  EXPECT_EQ(added->expires_at, test_time + 10); // the earlier one
}

TEST_P(Credentials, AnAuthorityIsNoTokenKey) {
  auto added = add_key(std::string("cert-authority,principals=\"ops\" ") + authority_key);
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(added->type, "cert_authority");
  ASSERT_TRUE(add_key(std::string("cert-authority ") + first_key));
  EXPECT_EQ(verdict(Presented::TokenKey, first_token_key), "unknown");
  EXPECT_EQ(std::get<Resolved>(look(Presented::Fingerprint, first_fingerprint)).credential_type,
            "cert_authority");
}

TEST_P(Credentials, WhatIsNoKeyIsInvalid) {
  for (const std::string& line : {std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 AAAA"),
                                  std::string(authority_key), std::string("command=\"x\" ") + first_key,
                                  std::string(first_key) + "\n" + second_key, std::string("' OR 1=1 --")})
    EXPECT_FALSE(add_key(line)) << line;
  EXPECT_EQ(number("SELECT count(*) FROM peer_credentials"), 0);
}

TEST_P(Credentials, AFileIsImportedLineByLine) {
  ASSERT_TRUE(add_key(second_key));
  const std::string file = std::string("# my keys\n\n") + first_key + " laptop\r\n" + second_key + "\n" +
                           "nonsense\nenvironment=\"A=b\" " + first_key + "\n" + "cert-authority " +
                           authority_key;
  auto import =
      run([&](Transaction& t) { return import_credentials(t, test_act(), "ada@example.org", file); });
  ASSERT_TRUE(import);
  ASSERT_EQ(import->added.size(), 2u);
  EXPECT_EQ(import->added[0].name, "laptop");
  EXPECT_EQ(import->added[1].type, "cert_authority");
  ASSERT_EQ(import->left_out.size(), 3u);
  EXPECT_EQ(import->left_out[0], "4: the key belongs to an account already");
  EXPECT_THAT(import->left_out[1], HasSubstr("5: "));
  EXPECT_THAT(import->left_out[1], testing::Not(HasSubstr("nonsense")));
  std::string many;
  for (std::size_t i = 0; i <= max_import; ++i) many += "x\n";
  EXPECT_EQ(kind_of(run(
                [&](Transaction& t) { return import_credentials(t, test_act(), "ada@example.org", many); })),
            Kind::Invalid);
}

TEST_P(Credentials, UseIsNotedAndRaisesNoRevision) {
  auto added = add_key(first_key);
  const std::int64_t before = number("SELECT value FROM counters WHERE name = 'revision'");
  auto use = [&](UnixSeconds when) {
    return write([&](Transaction& t) { return mark_used(t, {{added->id, when}, {"nobody's", when}}); });
  };
  EXPECT_TRUE(use(100));
  EXPECT_TRUE(use(50));
  EXPECT_EQ(number("SELECT last_used_at FROM peer_credentials"), 100);
  EXPECT_EQ(number("SELECT value FROM counters WHERE name = 'revision'"), before);
}

class ApiKeys : public IdentityTest {
 protected:
  void SetUp() override { ada_ = make_account(); }
  Result<ApiKey> make(const std::string& hash, std::string prefix = "alk_AbCd",
                      std::vector<std::string> scopes = {}) {
    return run([&](Transaction& t) {
      return create_api_key(t, test_act(), "ada@example.org",
                            {hash, prefix, "deploy", scopes, test_time + 10});
    });
  }
  Result<ApiKey> revoke(const std::string& reference) {
    return run([&](Transaction& t) { return revoke_api_key(t, test_act(), reference); });
  }
  Account ada_;
};
ON_EVERY_ENGINE(ApiKeys);

TEST_P(ApiKeys, ResolveByTheirHashUntilTheyEnd) {
  const std::string hash(64, 'a');
  auto made = make(hash, "alk_AbCd", {"a:b"});
  ASSERT_TRUE(made);
  EXPECT_EQ(verdict(Presented::ApiKey, hash), ada_.id);
  EXPECT_THAT(std::get<Resolved>(look(Presented::ApiKey, hash)).scopes, ElementsAre("a:b"));
  EXPECT_EQ(verdict(Presented::ApiKey, hash, test_time + 10), "expired");
  EXPECT_EQ(verdict(Presented::Fingerprint, hash), "unknown");
  EXPECT_EQ(kind_of(make(hash, "alk_other")), Kind::Invalid);
  EXPECT_EQ(kind_of(make(hash)), Kind::Conflict);
  EXPECT_TRUE(revoke("alk_AbCd"));
  EXPECT_EQ(verdict(Presented::ApiKey, hash), "revoked");
  EXPECT_EQ(kind_of(revoke(made->id)), Kind::Conflict);
  EXPECT_EQ(kind_of(revoke("alk_AbCd")), Kind::NotFound);
  auto list = run([](Transaction& t) { return list_api_keys(t, "ada@example.org"); });
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ(list->at(0).revoked_at, test_time);
}

TEST_P(ApiKeys, AnAmbiguousPrefixRevokesNothing) {
  ASSERT_TRUE(make(std::string(64, 'a')));
  ASSERT_TRUE(make(std::string(64, 'b')));
  EXPECT_EQ(kind_of(revoke("alk_AbCd")), Kind::Conflict);
  EXPECT_EQ(number("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL"), 2);
}

TEST_P(ApiKeys, OnlyHashesAndPrefixesComeIn) {
  const std::string hash(64, 'a');
  for (const char* prefix : {"", "alk_", "alk_abc", "alk_abcde", "key_abcd", "alk_ab d"})
    EXPECT_EQ(kind_of(make(hash, prefix)), Kind::Invalid) << prefix;
  for (const std::string& wrong : {std::string(), std::string(63, 'a'), std::string(64, 'A'),
                                   std::string(64, 'g'), std::string("alk_") + std::string(60, 'a')})
    EXPECT_EQ(kind_of(make(wrong)), Kind::Invalid) << wrong;
}

} // namespace
} // namespace alk::stored::credentials_test
