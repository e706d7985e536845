// The stored form of a secret that others issued: AES-256-GCM (NIST SP 800-38D) under a key of the encryption
// branch, no additional data, as members that are text. Shared with the store by agreement alone.
#pragma once

#include "alknet-secretd/arena.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace alk::secretd {

inline constexpr std::size_t gcm_nonce_size = 12;
inline constexpr std::size_t gcm_tag_size = 16;
inline constexpr std::size_t salt_size = 32;
inline constexpr std::size_t max_plaintext = 64 * 1024; // a credential, a key file; not a document
// Base64 of the longest ciphertext with its tag.
inline constexpr std::size_t max_data_text = (max_plaintext + gcm_tag_size + 2) / 3 * 4;

struct EncryptedData {
  std::uint32_t key_version = 0;
  std::string salt; // base64 of 32 random bytes; no part of the key, kept for the format
  std::string iv;   // base64 of the 12 bytes of the nonce
  std::string data; // base64 of ciphertext and tag
};

// Fills the bytes from the operating system.
using Random = std::function<void(std::span<std::byte>)>;

// Fresh nonce and salt on every call. The plaintext has to be UTF-8 without NUL, at most max_plaintext
// (Invalid).
Result<EncryptedData> encrypt(std::span<const std::byte> key, std::uint32_t key_version,
                              std::string_view plaintext, const Random& random);

// One answer, Invalid, for a wrong key, a changed record and a text that is none.
Result<LockedBytes> decrypt(Arena& arena, std::span<const std::byte> key, const EncryptedData& record);

// Ciphertext with the tag behind it, and back; the key is 32 bytes.
Result<std::string> gcm_seal(std::span<const std::byte> key, std::string_view nonce,
                             std::span<const std::byte> plaintext);
Result<LockedBytes> gcm_open(Arena& arena, std::span<const std::byte> key, std::string_view nonce,
                             std::string_view sealed);

} // namespace alk::secretd
