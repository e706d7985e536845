#include "alknet-authd/certificate_login.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "pubkey/certificate.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

constexpr std::string_view prefix = "cert:1:"; // and the number of the format
constexpr std::size_t max_text = 8192;         // above max_admitted principals of max_principal bytes

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool read_digest(ByteReader& reader, Digest& into) {
  auto bytes = reader.take(into.size());
  if (!bytes) return false;
  std::transform(bytes->begin(), bytes->end(), into.begin(),
                 [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
  return true;
}

} // namespace

std::string credential_text(const CertificateLogin& login) {
  ByteWriter out;
  out.raw(text_of(login.key)).raw(text_of(login.authority)).u64(login.valid_before).string(login.user);
  for (const std::string& principal : login.principals) out.string(principal);
  return std::string(prefix) + base64url_encode(out.bytes());
}

std::optional<CertificateLogin> parse_credential(std::string_view text) {
  if (!text.starts_with(prefix) || text.size() > max_text) return std::nullopt;
  auto bytes = base64url_decode(text.substr(prefix.size()));
  if (!bytes) return std::nullopt;
  ByteReader reader(*bytes);
  CertificateLogin login;
  if (!read_digest(reader, login.key) || !read_digest(reader, login.authority)) return std::nullopt;
  auto before = reader.u64();
  auto user = reader.string(max_text);
  if (!before || !user) return std::nullopt;
  login.valid_before = *before;
  login.user = *user;
  while (!reader.done()) {
    auto principal = reader.string(pubkey::max_principal);
    if (!principal || login.principals.size() == max_admitted) return std::nullopt;
    login.principals.emplace_back(*principal);
  }
  return login;
}

} // namespace alk::authd
