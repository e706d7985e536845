#include "pubkey/anchor.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "pubkey/key_blob.hpp"

#include <sodium.h>

namespace alk::pubkey {

namespace {

constexpr std::string_view anchor_domain{"alknet audit anchor\0", 20};
constexpr std::string_view anchor_key_type = "ssh-ed25519";

static_assert(anchor_key_size == crypto_sign_PUBLICKEYBYTES && anchor_signature_size == crypto_sign_BYTES);

const unsigned char* raw_anchor(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Failure no_anchor() {
  return fail(Kind::Invalid, "an anchor is NUMBER:HASH with 64 hexadecimal digits, or signed "
                             "NUMBER:HASH:TIME:KEY:SIGNATURE");
}

std::optional<std::string> bytes_of_size(std::string_view text, std::size_t size) {
  auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() != size) return std::nullopt;
  return bytes;
}

} // namespace

std::string Anchor::bare_text() const {
  return std::to_string(sequence) + ":" + hash;
}

std::string Anchor::text() const {
  if (!is_signed()) return bare_text();
  return bare_text() + ":" + std::to_string(time) + ":" + base64url_encode(key) + ":" +
         base64url_encode(signature);
}

Result<Anchor> parse_anchor(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2 && parts.size() != 5) return no_anchor();
  const auto sequence = parse_number(parts[0]);
  const auto hash = hex_decode(parts[1]);
  if (!sequence || *sequence > INT64_MAX || !hash || hash->size() != anchor_hash_size) return no_anchor();
  Anchor anchor{*sequence, to_lower(parts[1]), 0, {}, {}};
  if (parts.size() == 2) return anchor;
  const auto time = parse_number(parts[2]);
  auto key = bytes_of_size(parts[3], anchor_key_size);
  auto signature = bytes_of_size(parts[4], anchor_signature_size);
  if (!time || !key || !signature) return no_anchor();
  anchor.time = *time;
  anchor.key = std::move(*key);
  anchor.signature = std::move(*signature);
  return anchor;
}

std::string anchor_message(std::uint32_t version, std::uint64_t sequence, std::string_view hash,
                           std::uint64_t time) {
  ALK_CHECK(hash.size() == anchor_hash_size);
  return ByteWriter().raw(anchor_domain).u32(version).u64(sequence).raw(hash).u64(time).take();
}

Signed judge_signature(const Anchor& anchor, std::string_view key) {
  if (!anchor.is_signed()) return Signed::Not;
  const auto hash = hex_decode(anchor.hash);
  if (!hash || hash->size() != anchor_hash_size || anchor.signature.size() != anchor_signature_size ||
      anchor.key.size() != anchor_key_size)
    return Signed::Wrong;
  if (anchor.key != key) return Signed::ByAnother;
  const std::string message = anchor_message(anchor_version, anchor.sequence, *hash, anchor.time);
  const int right = ::crypto_sign_verify_detached(raw_anchor(anchor.signature), raw_anchor(message),
                                                  message.size(), raw_anchor(key));
  return right == 0 ? Signed::Right : Signed::Wrong;
}

Result<std::string> parse_anchor_key(std::string_view text) {
  const auto words = split(trim(text), ' ');
  const std::string_view middle = words.size() > 1 && words[0] == anchor_key_type ? words[1] : words[0];
  if (auto key = bytes_of_size(middle, anchor_key_size)) return std::move(*key);
  const auto blob = base64_decode(middle);
  auto parsed = blob ? parse_key_blob(*blob) : Result<KeyBlob>(fail(Kind::Invalid, "no base64"));
  if (!parsed || parsed->kind != KeyClass::Ed25519)
    return fail(Kind::Invalid, "not the public half of an Ed25519 key: give the line that `alknetctl secret "
                               "status` shows");
  return blob->substr(blob->size() - anchor_key_size);
}

std::string anchor_key_line(std::string_view key) {
  const std::string blob = ByteWriter().string(anchor_key_type).string(key).take();
  return std::string(anchor_key_type) + " " + base64_encode(blob);
}

} // namespace alk::pubkey
