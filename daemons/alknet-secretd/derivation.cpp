#include "alknet-secretd/derivation.hpp"

#include "alknet-secretd/hmac.hpp"
#include "base/bytes.hpp"
#include "base/handle.hpp"

#include <array>
#include <cstring>

#include <secp256k1.h>
#include <sodium.h>

namespace alk::secretd {

using Curve = Handle<secp256k1_context, secp256k1_context_destroy>;

static constexpr std::byte zero[] = {std::byte{0}};

static std::array<std::byte, 4> big_endian(std::uint32_t value) {
  return {std::byte(value >> 24), std::byte(value >> 16), std::byte(value >> 8), std::byte(value)};
}

static const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Result<ExtendedKey> derive_slip10(Arena& arena, std::span<const std::byte> seed, const Path& path) {
  ALK_TRY(LockedBytes both, hmac_sha512(arena, as_bytes("ed25519 seed"), {seed}));
  ExtendedKey key{std::move(both)};
  for (std::uint32_t index : path.indices) {
    if ((index & hardened) == 0) return fail(Kind::Invalid, "every part of this path has to be hardened");
    ALK_TRY(key.both, hmac_sha512(arena, key.chain_code(), {zero, key.private_key(), big_endian(index)}));
  }
  return key;
}

Result<std::string> ed25519_public(Arena& arena, std::span<const std::byte> private_key) {
  ALK_CHECK(private_key.size() == crypto_sign_SEEDBYTES);
  ALK_TRY(LockedBytes expanded, arena.take(crypto_sign_SECRETKEYBYTES));
  std::string out(crypto_sign_PUBLICKEYBYTES, '\0');
  ::crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(out.data()), expanded.raw(), raw(private_key));
  return out;
}

Result<std::string> ed25519_sign(Arena& arena, std::span<const std::byte> private_key,
                                 std::string_view message) {
  ALK_CHECK(private_key.size() == crypto_sign_SEEDBYTES);
  ALK_TRY(LockedBytes expanded, arena.take(crypto_sign_SECRETKEYBYTES));
  std::string point(crypto_sign_PUBLICKEYBYTES, '\0'), out(crypto_sign_BYTES, '\0');
  ::crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(point.data()), expanded.raw(),
                             raw(private_key));
  ::crypto_sign_detached(reinterpret_cast<unsigned char*>(out.data()), nullptr, raw(as_bytes(message)),
                         message.size(), expanded.raw());
  return out;
}

static Failure no_key_there() {
  return fail(Kind::Unsupported, "there is no key at this index: take the next one");
}

static Result<std::string> public_key(const secp256k1_context* curve,
                                      std::span<const std::byte> private_key) {
  secp256k1_pubkey point;
  if (::secp256k1_ec_pubkey_create(curve, &point, raw(private_key)) != 1) return no_key_there();
  std::string out(33, '\0');
  std::size_t size = out.size();
  ::secp256k1_ec_pubkey_serialize(curve, reinterpret_cast<unsigned char*>(out.data()), &size, &point,
                                  SECP256K1_EC_COMPRESSED);
  return out;
}

// I = HMAC(chain code, 0x00 || private or public || index); the child is (I left + private) mod n, I right.
static Result<ExtendedKey> bip32_child(Arena& arena, const secp256k1_context* curve,
                                       const ExtendedKey& parent, std::uint32_t index) {
  Result<LockedBytes> mixed = fail(Kind::Broken, "no child");
  if ((index & hardened) != 0) {
    mixed = hmac_sha512(arena, parent.chain_code(), {zero, parent.private_key(), big_endian(index)});
  } else {
    ALK_TRY(const std::string point, public_key(curve, parent.private_key()));
    mixed = hmac_sha512(arena, parent.chain_code(), {as_bytes(point), big_endian(index)});
  }
  ALK_TRY(LockedBytes both, std::move(mixed));
  ALK_TRY(LockedBytes tweak, arena.copy(both.bytes().first(private_key_size)));
  std::memcpy(both.raw(), parent.private_key().data(), private_key_size);
  if (::secp256k1_ec_seckey_tweak_add(curve, both.raw(), tweak.raw()) != 1) return no_key_there();
  return ExtendedKey{std::move(both)};
}

Result<ExtendedKey> derive_bip32(Arena& arena, std::span<const std::byte> seed, const Path& path) {
  Curve curve(::secp256k1_context_create(SECP256K1_CONTEXT_NONE));
  ALK_TRY(LockedBytes both, hmac_sha512(arena, as_bytes("Bitcoin seed"), {seed}));
  ExtendedKey key{std::move(both)};
  if (::secp256k1_ec_seckey_verify(curve.get(), key.both.raw()) != 1) return no_key_there();
  for (std::uint32_t index : path.indices) {
    ALK_TRY(key, bip32_child(arena, curve.get(), key, index));
  }
  return key;
}

Result<std::string> secp256k1_public(std::span<const std::byte> private_key) {
  ALK_CHECK(private_key.size() == private_key_size);
  Curve curve(::secp256k1_context_create(SECP256K1_CONTEXT_NONE));
  return public_key(curve.get(), private_key);
}

} // namespace alk::secretd
