// Key material for the tests: real Ed25519 points made from a seed, and blobs of every other kind.
#pragma once

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "pubkey/key_blob.hpp"

#include <array>
#include <string>

#include <sodium.h>

namespace alk::pubkey::testing {

using Seed = std::array<unsigned char, crypto_sign_SEEDBYTES>;

inline std::string ed25519_point(const Seed& seed) {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> point;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_seed_keypair(point.data(), secret.data(), seed.data());
  return {point.begin(), point.end()};
}

inline std::string key_of(const Seed& seed) {
  return ByteWriter().string("ssh-ed25519").string(ed25519_point(seed)).take();
}

inline std::string key(unsigned char seed) {
  Seed bytes;
  bytes.fill(seed);
  return key_of(bytes);
}

// A blob that names a type and carries something.
inline std::string key_of_type(std::string_view type) {
  return ByteWriter().string(type).string("something").string("else").take();
}

inline std::string rsa_key(std::size_t bits) {
  std::string modulus(bits / 8, '\xff');
  return ByteWriter().string("ssh-rsa").string("\x01").string(std::string(1, '\0') + modulus).take();
}

inline std::string line_of(std::string_view type, std::string_view blob) {
  return std::string(type) + " " + base64_encode(blob) + " somebody@somewhere";
}

inline std::string line(unsigned char seed) {
  return line_of("ssh-ed25519", key(seed));
}

inline std::string line(std::string_view options, unsigned char seed) {
  return std::string(options) + " " + line(seed);
}

// One of very many.
inline std::string numbered_line(std::size_t number) {
  Seed seed{};
  for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<unsigned char>(number >> (8 * i));
  return line_of("ssh-ed25519", key_of(seed));
}

inline std::string id(unsigned char seed) {
  return fingerprint_text(sha256(key(seed)));
}

} // namespace alk::pubkey::testing
