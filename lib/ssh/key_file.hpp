// Ed25519 key pairs as OpenSSH files: what `ssh-keygen -t ed25519 -N ''` makes. Reading foreign keys for use
// lives with the sessions; this file makes new ones and names existing ones.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <string>
#include <string_view>

namespace alk::ssh {

struct KeyPair {
  SecretBytes private_key; // the whole file, "-----BEGIN OPENSSH PRIVATE KEY-----", not encrypted
  std::string public_key;  // "ssh-ed25519 AAAA...", no comment, no line end
};

// Errors: Broken (no randomness, no memory).
Result<KeyPair> generate_ed25519();

// Creates `path` with mode 0600; never replaces a file (Conflict). The file appears whole or not at all.
Result<void> write_private_key(const std::string& path, const SecretBytes& private_key);

// A new Ed25519 private key in `path`, unless something has that name; answers whether it was made.
Result<bool> make_missing_private_key(const std::string& path);

// The public line of an unencrypted private key file of any type that libssh reads.
// Errors: NotFound, Denied (cannot be opened), Invalid (not a private key, or encrypted).
Result<std::string> read_public_line(const std::string& path);

// "SHA256:" and unpadded base64 over the wire encoding of "TYPE BASE64 [COMMENT]". Errors: Invalid.
Result<std::string> fingerprint(std::string_view public_line);

// The same over a key's wire encoding (RFC 4253 section 6.6).
std::string fingerprint_of_blob(std::string_view blob);

} // namespace alk::ssh
