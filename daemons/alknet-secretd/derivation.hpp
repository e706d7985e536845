// Keys from a seed: SLIP-0010 for Ed25519, BIP-0032 for secp256k1.
#pragma once

#include "alknet-secretd/arena.hpp"
#include "alknet-secretd/path.hpp"

namespace alk::secretd {

inline constexpr std::size_t private_key_size = 32;

// 32 bytes of private key, then 32 of chain code: both secret.
struct ExtendedKey {
  LockedBytes both;
  std::span<const std::byte> private_key() const { return both.bytes().first(private_key_size); }
  std::span<const std::byte> chain_code() const { return both.bytes().subspan(private_key_size); }
};

// Invalid when a part is not hardened.
Result<ExtendedKey> derive_slip10(Arena& arena, std::span<const std::byte> seed, const Path& path);

// Unsupported in the case that comes up once in 2^127 indices: no key there, take the next one.
Result<ExtendedKey> derive_bip32(Arena& arena, std::span<const std::byte> seed, const Path& path);

// 32 bytes: of a private key that is an RFC 8032 seed.
Result<std::string> ed25519_public(Arena& arena, std::span<const std::byte> private_key);

// 64 bytes (RFC 8032), by a private key that is a seed of that.
Result<std::string> ed25519_sign(Arena& arena, std::span<const std::byte> private_key,
                                 std::string_view message);

// 33 bytes, compressed.
Result<std::string> secp256k1_public(std::span<const std::byte> private_key);

} // namespace alk::secretd
