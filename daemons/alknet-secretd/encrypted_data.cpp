#include "alknet-secretd/encrypted_data.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"

#include <openssl/evp.h>

namespace alk::secretd {

// Freed with its key schedule overwritten (OPENSSL_clear_free in OpenSSL 3); nothing else of OpenSSL sees a
// secret.
using Cipher = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
enum class Direction { Open = 0, Seal = 1 };

static const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

static unsigned char* raw(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

static Failure broken() {
  return fail(Kind::Broken, "AES-256-GCM is not available");
}

static Failure unreadable() {
  return fail(Kind::Invalid, "the record cannot be decrypted");
}

static Cipher make_cipher(std::span<const std::byte> key, std::string_view nonce, Direction direction) {
  ALK_CHECK(key.size() == 32 && nonce.size() == gcm_nonce_size);
  Cipher cipher(::EVP_CIPHER_CTX_new());
  if (!cipher || ::EVP_CipherInit_ex(cipher.get(), ::EVP_aes_256_gcm(), nullptr, raw(as_text(key)),
                                     raw(nonce), static_cast<int>(direction)) != 1)
    return nullptr;
  return cipher;
}

Result<std::string> gcm_seal(std::span<const std::byte> key, std::string_view nonce,
                             std::span<const std::byte> plaintext) {
  Cipher cipher = make_cipher(key, nonce, Direction::Seal);
  if (!cipher) return broken();
  std::string out(plaintext.size() + gcm_tag_size, '\0');
  int length = 0;
  if (::EVP_CipherUpdate(cipher.get(), raw(out), &length, raw(as_text(plaintext)),
                         static_cast<int>(plaintext.size())) != 1 ||
      ::EVP_CipherFinal_ex(cipher.get(), raw(out) + length, &length) != 1 ||
      ::EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, gcm_tag_size, raw(out) + plaintext.size()) !=
          1)
    return broken();
  return out;
}

Result<LockedBytes> gcm_open(Arena& arena, std::span<const std::byte> key, std::string_view nonce,
                             std::string_view sealed) {
  if (nonce.size() != gcm_nonce_size || sealed.size() < gcm_tag_size) return unreadable();
  Cipher cipher = make_cipher(key, nonce, Direction::Open);
  if (!cipher) return broken();
  const std::size_t size = sealed.size() - gcm_tag_size;
  std::string tag(sealed.substr(size));
  // One byte more: OpenSSL refuses a null pointer, and an empty text is a text.
  ALK_TRY(LockedBytes out, arena.take(size + 1));
  int length = 0;
  if (::EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, gcm_tag_size, raw(tag)) != 1 ||
      ::EVP_CipherUpdate(cipher.get(), out.raw(), &length, raw(sealed), static_cast<int>(size)) != 1 ||
      ::EVP_CipherFinal_ex(cipher.get(), out.raw() + length, &length) != 1)
    return unreadable();
  out.truncate(size);
  return out;
}

Result<EncryptedData> encrypt(std::span<const std::byte> key, std::uint32_t key_version,
                              std::string_view plaintext, const Random& random) {
  if (plaintext.size() > max_plaintext) return fail(Kind::Invalid, "the text is too long to encrypt");
  if (!is_utf8(plaintext)) return fail(Kind::Invalid, "the text is not UTF-8");
  std::string nonce(gcm_nonce_size, '\0'), salt(salt_size, '\0');
  random(std::as_writable_bytes(std::span(nonce)));
  random(std::as_writable_bytes(std::span(salt)));
  ALK_TRY(const std::string sealed, gcm_seal(key, nonce, as_bytes(plaintext)));
  return EncryptedData{key_version, base64_encode(salt), base64_encode(nonce), base64_encode(sealed)};
}

Result<LockedBytes> decrypt(Arena& arena, std::span<const std::byte> key, const EncryptedData& record) {
  if (record.data.size() > max_data_text) return unreadable();
  auto nonce = base64_decode(record.iv);
  auto sealed = base64_decode(record.data);
  if (!nonce || !sealed || !base64_decode(record.salt)) return unreadable();
  ALK_TRY(LockedBytes text, gcm_open(arena, key, *nonce, *sealed));
  if (!is_utf8(text.view())) return unreadable();
  return text;
}

} // namespace alk::secretd
