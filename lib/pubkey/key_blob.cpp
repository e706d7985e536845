#include "pubkey/key_blob.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include <sodium.h>

namespace alk::pubkey {

namespace {

constexpr std::pair<std::string_view, KeyClass> known_types[] = {
    {"ssh-ed25519", KeyClass::Ed25519},
    {"sk-ssh-ed25519@openssh.com", KeyClass::SecurityKey},
    {"sk-ecdsa-sha2-nistp256@openssh.com", KeyClass::SecurityKey},
    {"ssh-rsa", KeyClass::Rsa},
    {"ecdsa-sha2-nistp256", KeyClass::Ecdsa},
    {"ecdsa-sha2-nistp384", KeyClass::Ecdsa},
    {"ecdsa-sha2-nistp521", KeyClass::Ecdsa},
    {"ssh-dss", KeyClass::Dsa},
    {"ssh-ed25519-cert-v01@openssh.com", KeyClass::Certificate},
    {"sk-ssh-ed25519-cert-v01@openssh.com", KeyClass::Certificate},
    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", KeyClass::Certificate},
    {"ssh-rsa-cert-v01@openssh.com", KeyClass::Certificate},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", KeyClass::Certificate},
    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", KeyClass::Certificate},
    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", KeyClass::Certificate},
    {"ssh-dss-cert-v01@openssh.com", KeyClass::Certificate},
};

constexpr std::size_t max_type_name = 64; // RFC 4251 section 6

// A point of small order verifies signatures that nobody made; libsodium also refuses non-canonical
// encodings.
Result<void> check_ed25519(ByteReader& reader) {
  auto point = reader.string(crypto_core_ed25519_BYTES);
  if (!point || point->size() != crypto_core_ed25519_BYTES || !reader.done())
    return fail(Kind::Invalid, "malformed ssh-ed25519 key");
  // A question about a key looks at it up to three times, and this costs more than the rest of the question.
  thread_local std::string last_valid;
  if (last_valid == *point) return {};
  if (crypto_core_ed25519_is_valid_point(reinterpret_cast<const unsigned char*>(point->data())) != 1)
    return fail(Kind::Invalid, "not a valid Ed25519 point");
  last_valid = *point;
  return {};
}

} // namespace

Result<KeyClass> key_class(std::string_view type_name) {
  for (const auto& [name, kind] : known_types)
    if (name == type_name) return kind;
  return fail(Kind::Unsupported, "unknown key type");
}

Result<KeyBlob> parse_key_blob(std::string_view blob) {
  if (blob.size() > max_key_blob) return fail(Kind::Invalid, "key is too long");
  ByteReader reader(blob);
  auto name = reader.string(max_type_name);
  if (!name || name->empty() || reader.done()) return fail(Kind::Invalid, "malformed key");
  ALK_TRY(KeyClass kind, key_class(*name));
  if (kind == KeyClass::Ed25519) ALK_TRY_VOID(check_ed25519(reader));
  return KeyBlob{kind, *name};
}

Result<std::size_t> rsa_bits(std::string_view blob) {
  ByteReader reader(blob);
  auto name = reader.string(max_type_name);
  auto exponent = reader.string(max_key_blob);
  auto modulus = reader.string(max_key_blob);
  if (!name || !exponent || !modulus || modulus->empty() || !reader.done())
    return fail(Kind::Invalid, "malformed ssh-rsa key");
  std::string_view digits = *modulus;
  while (!digits.empty() && digits.front() == 0) digits.remove_prefix(1);
  if (digits.empty()) return 0;
  auto first = static_cast<unsigned char>(digits.front());
  return (digits.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(first));
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return digest;
}

std::string fingerprint_text(const Digest& digest) {
  std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
  return "SHA256:" + base64_encode(bytes, Padding::Omit);
}

std::optional<Digest> parse_fingerprint(std::string_view text) {
  static constexpr std::string_view prefix = "SHA256:";
  Digest digest;
  static constexpr std::size_t length = (digest.size() * 4 + 2) / 3; // 43: base64 without its one "="
  if (!text.starts_with(prefix) || text.size() != prefix.size() + length) return std::nullopt;
  auto bytes = base64_decode(std::string(text.substr(prefix.size())) + "=");
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(digest.data()));
  return digest;
}

} // namespace alk::pubkey
