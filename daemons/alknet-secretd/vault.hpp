// What secretd is for: locked, or one seed and what follows from it. Everything but unlocking answers Locked
// while it is locked; no key outlives Lock.
#pragma once

#include "alknet-secretd/encrypted_data.hpp"
#include "alknet-secretd/key_cache.hpp"
#include "alknet-secretd/mnemonic.hpp"
#include "alknet-secretd/password.hpp"

namespace alk::secretd {

// Who a credential is for, inside the ciphertext, where nobody can change it.
inline constexpr std::size_t max_tag = 64;

// With what somebody has to agree who unlocks.
struct Expectation {
  std::string identity; // fingerprint of the node identity, "SHA256:..."; empty: whatever it is
};

class Vault {
 public:
  using Now = std::function<KeyCache::Time()>;
  Vault(Arena& arena, Now now, Random random);

  bool unlocked() const { return !seed_.empty(); }
  // Of the node identity; empty while locked.
  const std::string& identity() const { return identity_; }
  // The public half of the key that signs anchors, 32 bytes; empty while locked.
  const std::string& anchor_key() const { return anchor_key_; }
  std::size_t cached_keys() const { return cache_.size(); }

  // Conflict when unlocked already, or when the identity is another than expected: the passphrase or the
  // words are not those of before. Invalid for a mnemonic that is none. A failure leaves it locked, with
  // nothing kept.
  Result<void> unlock(std::string_view mnemonic, std::string_view passphrase, const Expectation& expected);
  // New words (12, 15, 18, 21 or 24, Invalid), of which nobody keeps a copy; unlocked with them.
  Result<LockedBytes> generate(std::size_t words, std::string_view passphrase);
  void lock();

  // Identity: Ed25519. Encryption: AES. Ethereum: secp256k1. The pointer counts until the next call.
  Result<const DerivedKey*> derive(Branch branch, const Path& path);
  Result<LockedBytes> derive_password(const Path& path, std::size_t length);

  // `tag`: who may have it, empty for nobody but the administrator.
  Result<EncryptedData> encrypt(std::string_view tag, std::string_view text, std::uint32_t key_version);
  struct Opened {
    std::string tag;
    LockedBytes text;
  };
  Result<Opened> decrypt(const EncryptedData& record);
  // The same text, with its tag, under the key of another version.
  Result<EncryptedData> rotate(const EncryptedData& record, std::uint32_t to_version);

  // 64 bytes, of the message that lib/pubkey/anchor.hpp describes. `hash`: 32 bytes of the row.
  Result<std::string> sign_anchor(std::uint64_t sequence, std::string_view hash, std::uint64_t time);

  void sweep() { cache_.sweep(now_()); }

 private:
  Result<void> require_unlocked() const;
  Result<const DerivedKey*> encryption_key(std::uint32_t version);
  Result<DerivedKey> compute(Branch branch, const Path& path);
  Result<void> adopt(LockedBytes seed, const Expectation& expected);

  Arena& arena_;
  const Now now_;
  const Random random_;
  LockedBytes seed_;
  std::string identity_;
  std::string anchor_key_;
  KeyCache cache_;
};

} // namespace alk::secretd
