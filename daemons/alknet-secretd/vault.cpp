#include "alknet-secretd/vault.hpp"

#include "alknet-secretd/derivation.hpp"
#include "base/bytes.hpp"
#include "pubkey/anchor.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>
#include <cstring>

namespace alk::secretd {

// RECORD SEPARATOR around the tag. A text without a tag may not begin with it, so nobody can be made to
// encrypt a tag.
static constexpr char tag_mark = '\x1e';

Vault::Vault(Arena& arena, Now now, Random random)
    : arena_(arena), now_(std::move(now)), random_(std::move(random)) {}

Result<void> Vault::require_unlocked() const {
  if (!unlocked()) return fail(Kind::Locked, "the secret store is locked");
  return {};
}

static Result<std::string> public_key_at(Arena& arena, const LockedBytes& seed, const Path& path) {
  ALK_TRY(const ExtendedKey key, derive_slip10(arena, seed.bytes(), path));
  return ed25519_public(arena, key.private_key());
}

static Result<std::string> identity_of(Arena& arena, const LockedBytes& seed) {
  ALK_TRY(const std::string point, public_key_at(arena, seed, identity_path()));
  return pubkey::fingerprint_text(pubkey::sha256(ByteWriter().string("ssh-ed25519").string(point).take()));
}

Result<void> Vault::adopt(LockedBytes seed, const Expectation& expected) {
  ALK_TRY(std::string identity, identity_of(arena_, seed));
  if (!expected.identity.empty() && identity != expected.identity)
    return fail(Kind::Conflict,
                "this is another identity than the configured one: a wrong passphrase or other words");
  ALK_TRY(std::string anchor_key, public_key_at(arena_, seed, anchor_path()));
  cache_.clear();
  seed_ = std::move(seed);
  identity_ = std::move(identity);
  anchor_key_ = std::move(anchor_key);
  return {};
}

Result<void> Vault::unlock(std::string_view mnemonic, std::string_view passphrase,
                           const Expectation& expected) {
  if (unlocked()) return fail(Kind::Conflict, "the secret store is unlocked already");
  ALK_TRY(LockedBytes words, canonical_mnemonic(arena_, mnemonic));
  ALK_TRY(LockedBytes seed, seed_of(arena_, words, passphrase));
  return adopt(std::move(seed), expected);
}

Result<LockedBytes> Vault::generate(std::size_t words, std::string_view passphrase) {
  if (unlocked()) return fail(Kind::Conflict, "the secret store is unlocked already");
  if (!is_word_count(words)) return fail(Kind::Invalid, "a mnemonic has 12, 15, 18, 21 or 24 words");
  ALK_TRY(LockedBytes entropy, arena_.take(entropy_size(words)));
  random_(entropy.bytes());
  ALK_TRY(LockedBytes mnemonic, mnemonic_from_entropy(arena_, entropy.bytes()));
  ALK_TRY(LockedBytes seed, seed_of(arena_, mnemonic, passphrase));
  ALK_TRY_VOID(adopt(std::move(seed), {}));
  return mnemonic;
}

void Vault::lock() {
  cache_.clear();
  seed_ = {};
  identity_.clear();
  anchor_key_.clear();
}

Result<DerivedKey> Vault::compute(Branch branch, const Path& path) {
  if (branch == Branch::Ethereum) {
    ALK_TRY(ExtendedKey key, derive_bip32(arena_, seed_.bytes(), path));
    ALK_TRY(std::string point, secp256k1_public(key.private_key()));
    key.both.truncate(private_key_size);
    return DerivedKey{Algorithm::Secp256k1, std::move(key.both), std::move(point)};
  }
  ALK_TRY(ExtendedKey key, derive_slip10(arena_, seed_.bytes(), path));
  std::string point;
  if (branch == Branch::Identity) {
    ALK_TRY(point, ed25519_public(arena_, key.private_key()));
  }
  key.both.truncate(private_key_size);
  const auto algorithm = branch == Branch::Identity ? Algorithm::Ed25519 : Algorithm::Aes256Gcm;
  return DerivedKey{algorithm, std::move(key.both), std::move(point)};
}

static Result<Algorithm> algorithm_of(Branch branch) {
  switch (branch) {
  case Branch::Identity: return Algorithm::Ed25519;
  case Branch::Encryption: return Algorithm::Aes256Gcm;
  case Branch::Ethereum: return Algorithm::Secp256k1;
  case Branch::Password: break;
  }
  return fail(Kind::Invalid, "a password is no key");
}

Result<const DerivedKey*> Vault::derive(Branch branch, const Path& path) {
  ALK_TRY_VOID(require_unlocked());
  ALK_TRY_VOID(check_branch(path, branch));
  ALK_TRY(const Algorithm algorithm, algorithm_of(branch));
  const auto now = now_();
  if (const DerivedKey* known = cache_.find(algorithm, path, now)) return known;
  ALK_TRY(DerivedKey key, compute(branch, path));
  return &cache_.put(path, std::move(key), now);
}

Result<LockedBytes> Vault::derive_password(const Path& path, std::size_t length) {
  ALK_TRY_VOID(require_unlocked());
  return secretd::derive_password(arena_, seed_.bytes(), path, length);
}

Result<const DerivedKey*> Vault::encryption_key(std::uint32_t version) {
  ALK_TRY_VOID(require_unlocked());
  ALK_TRY(const Path path, encryption_path(version));
  return derive(Branch::Encryption, path);
}

static bool is_tag(std::string_view tag) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return tag.size() <= max_tag && std::all_of(tag.begin(), tag.end(), plain);
}

Result<EncryptedData> Vault::encrypt(std::string_view tag, std::string_view text, std::uint32_t key_version) {
  ALK_TRY(const DerivedKey* key, encryption_key(key_version));
  if (!is_tag(tag)) return fail(Kind::Invalid, "a tag has at most 64 of a-z, 0-9, '-', '.' and '_'");
  if (tag.empty()) {
    if (!text.empty() && text.front() == tag_mark)
      return fail(Kind::Invalid, "the text begins with the mark of a tag (U+001E)");
    return secretd::encrypt(key->private_key.bytes(), key_version, text, random_);
  }
  ALK_TRY(LockedBytes marked, arena_.take(tag.size() + 2 + text.size()));
  marked.raw()[0] = marked.raw()[tag.size() + 1] = tag_mark;
  std::memcpy(marked.raw() + 1, tag.data(), tag.size());
  if (!text.empty()) std::memcpy(marked.raw() + tag.size() + 2, text.data(), text.size());
  return secretd::encrypt(key->private_key.bytes(), key_version, marked.view(), random_);
}

Result<Vault::Opened> Vault::decrypt(const EncryptedData& record) {
  ALK_TRY(const DerivedKey* key, encryption_key(record.key_version));
  ALK_TRY(LockedBytes text, secretd::decrypt(arena_, key->private_key.bytes(), record));
  const std::string_view whole = text.view();
  if (whole.empty() || whole.front() != tag_mark) return Opened{{}, std::move(text)};
  const std::size_t end = whole.find(tag_mark, 1);
  if (end == std::string_view::npos || !is_tag(whole.substr(1, end - 1)))
    return fail(Kind::Invalid, "the record cannot be decrypted");
  std::string tag(whole.substr(1, end - 1));
  ALK_TRY(LockedBytes bare, arena_.copy(text.bytes().subspan(end + 1)));
  return Opened{std::move(tag), std::move(bare)};
}

Result<EncryptedData> Vault::rotate(const EncryptedData& record, std::uint32_t to_version) {
  ALK_TRY(const DerivedKey* old_key, encryption_key(record.key_version));
  ALK_TRY(LockedBytes text, secretd::decrypt(arena_, old_key->private_key.bytes(), record));
  ALK_TRY(const DerivedKey* new_key, encryption_key(to_version));
  return secretd::encrypt(new_key->private_key.bytes(), to_version, text.view(), random_);
}

Result<std::string> Vault::sign_anchor(std::uint64_t sequence, std::string_view hash, std::uint64_t time) {
  if (hash.size() != pubkey::anchor_hash_size) return fail(Kind::Invalid, "the hash of a row has 32 bytes");
  ALK_TRY(const DerivedKey* key, derive(Branch::Identity, anchor_path()));
  return ed25519_sign(arena_, key->private_key.bytes(),
                      pubkey::anchor_message(pubkey::anchor_version, sequence, hash, time));
}

} // namespace alk::secretd
