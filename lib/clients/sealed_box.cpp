#include "clients/sealed_box.hpp"

#include <algorithm>

#include <sodium.h>

namespace alk::clients {

static constexpr std::size_t padded_request = 2560; // both texts at their longest (1024 bytes each), and more

static const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

static unsigned char* raw(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

OneTimeKey::OneTimeKey()
    : public_key_(crypto_box_PUBLICKEYBYTES, '\0'), secret_key_(crypto_box_SECRETKEYBYTES) {
  ::crypto_box_keypair(reinterpret_cast<unsigned char*>(public_key_.data()), raw(secret_key_.bytes()));
}

Result<SecretBytes> OneTimeKey::open(std::string_view box) const {
  if (box.size() < crypto_box_SEALBYTES) return fail(Kind::Broken, "the answer is no sealed box");
  SecretBytes out(box.size() - crypto_box_SEALBYTES);
  if (::crypto_box_seal_open(raw(out.bytes()), raw(box), box.size(), raw(public_key_),
                             raw(secret_key_.view())) != 0)
    return fail(Kind::Broken, "the answer is not sealed to our key");
  return out;
}

Result<std::string> seal_to(std::string_view public_key, std::string_view secret) {
  if (public_key.size() != crypto_box_PUBLICKEYBYTES) return fail(Kind::Broken, "this is no key to seal to");
  std::string box(secret.size() + crypto_box_SEALBYTES, '\0');
  if (::crypto_box_seal(reinterpret_cast<unsigned char*>(box.data()), raw(secret), secret.size(),
                        raw(public_key)) != 0)
    return fail(Kind::Broken, "this is no key to seal to");
  return box;
}

// RFC 4251: u32 length in network byte order, then the bytes.
static std::size_t put(std::span<std::byte> out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  for (unsigned i = 0; i < 4; ++i) out[i] = std::byte(size >> (24 - 8 * i));
  std::copy(text.begin(), text.end(), reinterpret_cast<char*>(out.data()) + 4);
  return 4 + text.size();
}

SecretBytes unlock_request(std::string_view mnemonic, std::string_view passphrase) {
  SecretBytes out(std::max(padded_request, mnemonic.size() + passphrase.size() + 8));
  const std::size_t used = put(out.bytes(), mnemonic);
  put(out.bytes().subspan(used), passphrase);
  return out;
}

} // namespace alk::clients
