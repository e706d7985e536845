// AuthTokens: who holds an Ed25519 key proves it to whoever cannot run SSH's own authentication. 40 bytes
// (which key, when) and their signature, as 139 characters of base64url.
#pragma once

#include "pubkey/key_blob.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alk::pubkey {

inline constexpr std::size_t auth_token_length = 139; // characters of 104 bytes

struct AuthToken {
  Digest key_id{}; // SHA-256 of the raw 32 bytes of the key; that of its SSH encoding is accepted too
  std::uint64_t timestamp = 0; // Unix seconds at its making
  std::string signature;       // 64 bytes, over message()

  std::string message() const; // what is signed
  std::string text() const;
  bool operator==(const AuthToken&) const = default;
};

std::optional<AuthToken> parse_auth_token(std::string_view text);

// The key_id of an ssh-ed25519 key in wire encoding that parse_key_blob() accepts.
Digest token_key_id(std::string_view blob);

} // namespace alk::pubkey
