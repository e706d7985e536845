#include "alknet-secretd/vault.hpp"
#include "vectors.hpp"

#include <gmock/gmock.h>

namespace alk::secretd::vault_test {
namespace {

using testing::abandon;
using testing::hex;
using testing::make_arena;

class VaultTest : public ::testing::Test {
 protected:
  void unlock(std::string_view passphrase = "") { ASSERT_TRUE(vault_.unlock(abandon, passphrase, {})); }
  std::string key(Branch branch, std::string_view path) {
    auto key = vault_.derive(branch, *parse_path(path));
    return key ? hex((*key)->private_key.bytes()) : std::string(kind_name(key.error().kind));
  }
  std::string read(const EncryptedData& record) {
    auto opened = vault_.decrypt(record);
    return opened ? opened->tag + ":" + std::string(opened->text.view())
                  : std::string(kind_name(opened.error().kind));
  }
  EncryptedData record(std::string_view tag, std::string_view text, std::uint32_t version = 2) {
    auto record = vault_.encrypt(tag, text, version);
    EXPECT_TRUE(record) << (record ? "" : record.error().what);
    return record ? *record : EncryptedData();
  }

  std::unique_ptr<Arena> arena_ = make_arena();
  KeyCache::Time now_{};
  unsigned char next_ = 0; // "random" bytes count up
  Vault vault_{*arena_, [this] { return now_; },
               [this](std::span<std::byte> out) {
                 for (std::byte& byte : out) byte = std::byte{next_++};
               }};
};

TEST_F(VaultTest, StartsLockedAndAnswersSo) {
  EXPECT_FALSE(vault_.unlocked());
  EXPECT_EQ(key(Branch::Identity, "m/74'/0'/0'/0'"), "Locked");
  EXPECT_EQ(vault_.derive_password(*parse_path("m/74'/1'/0'/1'"), 8).error().kind, Kind::Locked);
  EXPECT_EQ(vault_.encrypt("", "x", 2).error().kind, Kind::Locked);
  EXPECT_EQ(vault_.decrypt({2, "", "", ""}).error().kind, Kind::Locked);
  EXPECT_EQ(vault_.rotate({2, "", "", ""}, 3).error().kind, Kind::Locked);
  vault_.lock(); // no matter
}

TEST_F(VaultTest, UnlocksOnceAndLocksWholly) {
  unlock();
  EXPECT_EQ(key(Branch::Identity, "m/74'/0'/0'/0'"),
            "603aa5c626317fda4afd87b902e5c9de76c33f40834005245e1c5a675e92d700");
  EXPECT_EQ(vault_.unlock(abandon, "", {}).error().kind, Kind::Conflict);
  EXPECT_EQ(vault_.generate(12, "").error().kind, Kind::Conflict);
  vault_.lock();
  EXPECT_EQ(arena_->used(), 0u);
  EXPECT_EQ(vault_.identity(), "");
  EXPECT_EQ(key(Branch::Identity, "m/74'/0'/0'/0'"), "Locked");
  unlock();
  EXPECT_EQ(key(Branch::Identity, "m/74'/0'/0'/0'"),
            "603aa5c626317fda4afd87b902e5c9de76c33f40834005245e1c5a675e92d700");
}

TEST_F(VaultTest, AFailedUnlockLeavesNothing) {
  EXPECT_EQ(vault_.unlock("abandon", "", {}).error().kind, Kind::Invalid);
  EXPECT_EQ(vault_.unlock(abandon, "\xff", {}).error().kind, Kind::Invalid);
  EXPECT_EQ(vault_.unlock(abandon, "wrong", {"SHA256:another"}).error().kind, Kind::Conflict);
  EXPECT_FALSE(vault_.unlocked());
  EXPECT_EQ(arena_->used(), 0u);
}

TEST_F(VaultTest, TheIdentityTellsAWrongPassphrase) {
  unlock("right");
  const std::string identity = vault_.identity();
  EXPECT_THAT(identity, ::testing::StartsWith("SHA256:"));
  vault_.lock();
  EXPECT_FALSE(vault_.unlock(abandon, "wrong", {identity}));
  EXPECT_TRUE(vault_.unlock(abandon, "right", {identity}));
  EXPECT_EQ(vault_.identity(), identity);
}

TEST_F(VaultTest, GeneratesWordsThatUnlockItAgain) {
  for (std::size_t words : {12U, 15U, 18U, 21U, 24U}) {
    auto mnemonic = vault_.generate(words, "extra");
    ASSERT_TRUE(mnemonic);
    const std::string text(mnemonic->view()), identity = vault_.identity();
    EXPECT_EQ(split(text, ' ').size(), words);
    vault_.lock();
    EXPECT_TRUE(vault_.unlock(text, "extra", {identity}));
    vault_.lock();
  }
  for (std::size_t words : {0U, 11U, 13U, 27U})
    EXPECT_EQ(vault_.generate(words, "").error().kind, Kind::Invalid) << words;
}

TEST_F(VaultTest, KeysHaveTheirBranchAndKind) {
  unlock();
  EXPECT_EQ(key(Branch::Encryption, "m/74'/0'/0'/0'"), "Invalid");
  EXPECT_EQ(key(Branch::Password, "m/74'/1'/0'/0'"), "Invalid");
  EXPECT_EQ((*vault_.derive(Branch::Identity, *parse_path("m/74'/0'/0'/0'")))->public_key.size(), 32u);
  EXPECT_EQ((*vault_.derive(Branch::Encryption, *parse_path("m/74'/2'/0'/0'")))->public_key.size(), 0u);
  EXPECT_EQ((*vault_.derive(Branch::Ethereum, *parse_path("m/44'/60'/0'/0/0")))->public_key.size(), 33u);
  EXPECT_EQ(vault_.cached_keys(), 3u);
}

TEST_F(VaultTest, KnownRecord) {
  unlock();
  // Bytes count up: the first twelve are the nonce of the table.
  const EncryptedData made = record("", "my-api-key-12345");
  EXPECT_EQ(made.key_version, 2u);
  EXPECT_EQ(made.iv, "AAECAwQFBgcICQoL");
  EXPECT_EQ(made.data, "Yp02cVeFdWQg9ZTy1cd2y3bmisDHDg2refuI4XaDj+A=");
  EXPECT_EQ(base64_decode(made.salt)->size(), salt_size);
  EXPECT_EQ(read(made), ":my-api-key-12345");
  EXPECT_NE(record("", "my-api-key-12345").iv, made.iv);
}

TEST_F(VaultTest, TagsTravelInside) {
  unlock();
  EXPECT_EQ(read(record("alknet-listend", "token")), "alknet-listend:token");
  EXPECT_EQ(read(record("a", "")), "a:");
  EXPECT_EQ(read(record("", "")), ":");
  EXPECT_EQ(vault_
                .encrypt("",
                         "\x1e"
                         "alknet-listend\x1e"
                         "x",
                         2)
                .error()
                .kind,
            Kind::Invalid);
  EXPECT_EQ(read(record("a", "\x1e"
                             "b\x1e"
                             "c")),
            "a:\x1e"
            "b\x1e"
            "c");
  for (std::string_view tag : {"A", "a b", "a\x1e", "\xc3\xa9"})
    EXPECT_EQ(vault_.encrypt(tag, "x", 2).error().kind, Kind::Invalid) << tag;
  EXPECT_EQ(vault_.encrypt(std::string(max_tag + 1, 'a'), "x", 2).error().kind, Kind::Invalid);
}

TEST_F(VaultTest, TextsHaveBounds) {
  unlock();
  const std::string longest(max_plaintext, 'x');
  EXPECT_EQ(read(record("", longest)), ":" + longest);
  EXPECT_EQ(vault_.encrypt("", longest + "x", 2).error().kind, Kind::Invalid);
  EXPECT_EQ(vault_.encrypt("", "\xff", 2).error().kind, Kind::Invalid);
  EXPECT_EQ(vault_.encrypt("", "x", 1).error().kind, Kind::Invalid);
}

TEST_F(VaultTest, EveryChangedRecordIsRefusedAlike) {
  unlock();
  const EncryptedData good = record("", "secret text");
  auto changed = [&](auto change) {
    EncryptedData bad = good;
    change(bad);
    auto opened = vault_.decrypt(bad);
    return opened ? "opened" : opened.error().what;
  };
  const std::string generic = "the record cannot be decrypted";
  const std::string sealed = *base64_decode(good.data);
  for (std::size_t i = 0; i < sealed.size(); ++i)
    EXPECT_EQ(changed([&](EncryptedData& bad) {
                std::string bytes = sealed;
                bytes[i] = static_cast<char>(bytes[i] ^ 1);
                bad.data = base64_encode(bytes);
              }),
              generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.key_version = 3; }), generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.iv = "AAEC"; }), generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.iv = ""; }), generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.iv = "?"; }), generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.data = ""; }), generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.data = "AAECAwQFBgcICQoLDA0O"; }), generic); // 15 bytes
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.salt = "%"; }), generic);
  EXPECT_EQ(changed([](EncryptedData& bad) { bad.data = std::string(max_data_text + 4, 'A'); }), generic);
  EXPECT_EQ(changed([](EncryptedData&) {}), "opened");
}

TEST_F(VaultTest, TextsThatAreNoneAreRefused) {
  unlock();
  auto key = vault_.derive(Branch::Encryption, *encryption_path(2));
  const std::string nonce(12, 'n');
  auto sealed = gcm_seal((*key)->private_key.bytes(), nonce, as_bytes("\xff\xfe"));
  EXPECT_EQ(read({2, "", base64_encode(nonce), base64_encode(*sealed)}), "Invalid");
  sealed = gcm_seal((*key)->private_key.bytes(), nonce,
                    as_bytes("\x1e"
                             "no end"));
  EXPECT_EQ(read({2, "", base64_encode(nonce), base64_encode(*sealed)}), "Invalid");
}

TEST_F(VaultTest, RotationKeepsTextAndTag) {
  unlock();
  const EncryptedData old = record("alknet-listend", "token", 2);
  auto fresh = vault_.rotate(old, 7);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->key_version, 7u);
  EXPECT_NE(fresh->data, old.data);
  EXPECT_EQ(read(*fresh), "alknet-listend:token");
  EXPECT_EQ(read(old), "alknet-listend:token");
  EXPECT_EQ(vault_.rotate(old, 1).error().kind, Kind::Invalid);
}

TEST_F(VaultTest, TwoPassphrasesAreTwoStores) {
  unlock("one");
  const EncryptedData made = record("", "text");
  vault_.lock();
  unlock("two");
  EXPECT_EQ(read(made), "Invalid");
}

TEST_F(VaultTest, NothingIsLeftInUseAfterFailures) {
  unlock();
  const std::size_t before = arena_->used();
  EXPECT_FALSE(vault_.derive_password(*parse_path("m/74'/1'/0'/1'"), 99));
  EXPECT_FALSE(vault_.derive(Branch::Identity, *parse_path("m/74'/0'/1")));
  EXPECT_EQ(arena_->used(), before);
}

class CacheTest : public ::testing::Test {
 protected:
  static Path path(std::uint32_t i) { return {{74 | hardened, 0 | hardened, i | hardened}}; }
  void put(std::uint32_t i, Algorithm algorithm = Algorithm::Ed25519) {
    cache_.put(path(i), {algorithm, std::move(*arena_->take(32)), std::to_string(i)}, now_);
  }
  bool has(std::uint32_t i, Algorithm algorithm = Algorithm::Ed25519) {
    const DerivedKey* key = cache_.find(algorithm, path(i), now_);
    return key != nullptr && key->public_key == std::to_string(i);
  }
  std::unique_ptr<Arena> arena_ = make_arena();
  KeyCache cache_;
  KeyCache::Time now_{};
};

TEST_F(CacheTest, KnowsAlgorithmAndPath) {
  put(1);
  EXPECT_TRUE(has(1));
  EXPECT_FALSE(has(2));
  EXPECT_FALSE(has(1, Algorithm::Aes256Gcm));
}

TEST_F(CacheTest, AnHourHoweverOftenItIsUsed) {
  put(1);
  now_ += std::chrono::minutes(59);
  EXPECT_TRUE(has(1));
  put(2);
  now_ += std::chrono::minutes(1);
  EXPECT_FALSE(has(1));
  EXPECT_TRUE(has(2));
  EXPECT_EQ(arena_->used(), 64u);
  now_ += std::chrono::hours(1);
  cache_.sweep(now_);
  EXPECT_EQ(arena_->used(), 0u);
}

TEST_F(CacheTest, TheLeastRecentlyUsedGoes) {
  for (std::uint32_t i = 0; i < max_cached_keys; ++i) put(i);
  EXPECT_TRUE(has(0)); // used again: 1 is the oldest now
  put(100);
  EXPECT_EQ(cache_.size(), max_cached_keys);
  EXPECT_TRUE(has(0) && has(100));
  EXPECT_FALSE(has(1));
}

} // namespace
} // namespace alk::secretd::vault_test
