// User certificates made to order, signed with the Ed25519 key of a seed.
#pragma once

#include "keys.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace alk::pubkey::testing {

using Options = std::vector<std::pair<std::string, std::string>>; // name, data

inline std::string one_string(std::string_view text) {
  return ByteWriter().string(text).take();
}

struct CertificateFields {
  unsigned char key = 1;
  unsigned char authority = 100;
  std::uint64_t serial = 7;
  std::uint32_t type = 1; // a user
  std::string key_id = "somebody";
  std::vector<std::string> principals{"alice"};
  std::uint64_t valid_after = 0;
  std::uint64_t valid_before = ~std::uint64_t{0};
  Options critical;
  Options extensions{{"permit-port-forwarding", ""}, {"permit-pty", ""}};

  std::string body() const {
    Seed seed;
    seed.fill(key);
    std::string names, limits, rights;
    for (const auto& principal : principals) names += one_string(principal);
    for (const auto& [name, data] : critical) limits += one_string(name) + one_string(data);
    for (const auto& [name, data] : extensions) rights += one_string(name) + one_string(data);
    ByteWriter out;
    out.string("ssh-ed25519-cert-v01@openssh.com").string("nonce").string(ed25519_point(seed)).u64(serial);
    out.u32(type).string(key_id).string(names).u64(valid_after).u64(valid_before);
    return out.string(limits).string(rights).string("").string(testing::key(authority)).take();
  }
};

inline std::string sign(unsigned char seed, std::string_view bytes) {
  Seed whole;
  whole.fill(seed);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> point;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret;
  std::array<unsigned char, crypto_sign_BYTES> signature;
  crypto_sign_seed_keypair(point.data(), secret.data(), whole.data());
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(bytes.data()),
                       bytes.size(), secret.data());
  return {signature.begin(), signature.end()};
}

inline std::string certificate(const CertificateFields& fields) {
  std::string body = fields.body();
  std::string signature = ByteWriter().string("ssh-ed25519").string(sign(fields.authority, body)).take();
  return body + one_string(signature);
}

} // namespace alk::pubkey::testing
