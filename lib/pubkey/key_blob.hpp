// A public key in SSH wire encoding (RFC 4253 section 6.6, RFC 8709) as a peer sends it or a key file holds
// it.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace alk::pubkey {

// OpenSSH's own limit for a public key or certificate (SSH_MAX_PUBKEY_BYTES); more is not looked at.
inline constexpr std::size_t max_key_blob = 16 * 1024;

// What a type name means to us. A name alone says nothing about the bytes that follow it.
enum class KeyClass {
  Ed25519,     // the one kind that may log in
  SecurityKey, // sk-…: refused until user presence can be checked
  Certificate, // …-cert-v01@openssh.com
  Rsa,         // as a CA only
  Ecdsa,       // as a CA only
  Dsa,         // never: weak
};

Result<KeyClass> key_class(std::string_view type_name); // Unsupported for a name that OpenSSH has not

struct KeyBlob {
  KeyClass kind;
  std::string_view type_name; // inside the parsed bytes
};

// Reads the type and, for Ed25519, the whole key (exactly 32 bytes of a point that can make only genuine
// signatures). Other kinds are taken as they are. Errors: Invalid (malformed, too long), Unsupported (unknown
// type).
Result<KeyBlob> parse_key_blob(std::string_view blob);

// The modulus of an ssh-rsa blob in bits. Errors: Invalid.
Result<std::size_t> rsa_bits(std::string_view blob);

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);

// "SHA256:" and unpadded base64, as ssh-keygen -l prints it: the id of an identity.
std::string fingerprint_text(const Digest& digest);
std::optional<Digest> parse_fingerprint(std::string_view text);

} // namespace alk::pubkey
