// What can be told of a private key file without its passphrase (OpenSSH's PROTOCOL.key).
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace alk::ssh {

// A private key file is a few hundred bytes; an RSA one of 16,384 bits stays below 16 KiB.
inline constexpr std::size_t private_key_file_limit = 64 * 1024;

struct PrivateKeyOutline {
  std::string blob; // public half, SSH wire encoding
  bool encrypted = false;
};

// Errors: Invalid; for PEM, PKCS#8 and PuTTY files the text says how to convert. `origin` names the file in
// them.
// Nothing of the private half is left behind.
Result<PrivateKeyOutline> outline_private_key(std::string_view text, const std::string& origin);

// The type word at the start of a public key's wire encoding ("ssh-ed25519"); empty when malformed.
std::string_view key_type_of_blob(std::string_view blob);

} // namespace alk::ssh
