#include "pubkey/auth_token.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"

#include <algorithm>

#include <sodium.h>

namespace alk::pubkey {

std::string AuthToken::message() const {
  std::string_view id(reinterpret_cast<const char*>(key_id.data()), key_id.size());
  return ByteWriter().raw(id).u64(timestamp).take();
}

std::string AuthToken::text() const {
  return base64url_encode(message() + signature);
}

std::optional<AuthToken> parse_auth_token(std::string_view text) {
  if (text.size() != auth_token_length) return std::nullopt;
  auto bytes = base64url_decode(text);
  if (!bytes) return std::nullopt;
  AuthToken token;
  ByteReader reader(*bytes);
  auto id = reader.take(token.key_id.size());
  auto timestamp = reader.u64();
  auto signature = reader.take(crypto_sign_BYTES);
  if (!id || !timestamp || !signature || !reader.done()) return std::nullopt;
  std::transform(id->begin(), id->end(), token.key_id.begin(),
                 [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
  token.timestamp = *timestamp;
  token.signature = as_text(*signature);
  return token;
}

Digest token_key_id(std::string_view blob) {
  return sha256(blob.substr(blob.size() - crypto_sign_PUBLICKEYBYTES));
}

} // namespace alk::pubkey
