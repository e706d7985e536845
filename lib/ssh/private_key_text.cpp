#include "ssh/private_key_text.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <optional>

namespace alk::ssh {

namespace {

constexpr std::string_view begin_line = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view end_line = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::string_view magic("openssh-key-v1\0", 15);
constexpr std::size_t word_limit = 64;        // cipher and kdf names
constexpr std::size_t kdf_limit = 1024;       // salt and rounds
constexpr std::size_t blob_limit = 16 * 1024; // as private_key_file_limit

Failure other_format(std::string_view text, const std::string& origin) {
  const std::string convert = "; convert it with: ssh-keygen -p -f " + origin;
  if (text.starts_with("-----BEGIN RSA PRIVATE KEY-----"))
    return fail(Kind::Invalid,
                origin + ": an RSA key in PEM format. Only OpenSSH's own format is read, and only Ed25519 "
                         "keys; make one with: ssh-keygen -t ed25519");
  if (text.starts_with("-----BEGIN PRIVATE KEY-----") ||
      text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
    return fail(Kind::Invalid, origin + ": a PKCS#8 key. Only OpenSSH's own format is read" + convert);
  if (text.starts_with("-----BEGIN EC PRIVATE KEY-----") ||
      text.starts_with("-----BEGIN DSA PRIVATE KEY-----"))
    return fail(Kind::Invalid,
                origin + ": a key in PEM format. Only OpenSSH's own format is read, and only Ed25519 keys; "
                         "make one with: ssh-keygen -t ed25519");
  if (text.starts_with("PuTTY-User-Key-File"))
    return fail(Kind::Invalid, origin + ": a PuTTY key. Export it from PuTTYgen in OpenSSH format");
  return fail(Kind::Invalid, origin + ": not a private key in OpenSSH format");
}

std::optional<SecretBytes> decode_lines(std::string_view text) {
  SecretBytes base64(text.size());
  const auto end = std::copy_if(text.begin(), text.end(), reinterpret_cast<char*>(base64.bytes().data()),
                                [](char c) { return c != '\n' && c != '\r'; });
  const auto size = end - reinterpret_cast<char*>(base64.bytes().data());
  return base64_decode_secret(base64.view().substr(0, static_cast<std::size_t>(size)));
}

} // namespace

std::string_view key_type_of_blob(std::string_view blob) {
  return ByteReader(blob).string(word_limit).value_or("");
}

Result<PrivateKeyOutline> outline_private_key(std::string_view text, const std::string& origin) {
  text = trim(text);
  if (!text.starts_with(begin_line)) return other_format(text, origin);
  text.remove_prefix(begin_line.size());
  const auto end = text.find(end_line);
  if (end == text.npos) return fail(Kind::Invalid, origin + ": the private key is cut short");
  const auto bytes = decode_lines(text.substr(0, end));
  if (!bytes || !bytes->view().starts_with(magic))
    return fail(Kind::Invalid, origin + ": the private key is damaged");

  ByteReader reader(bytes->view().substr(magic.size()));
  const auto cipher = reader.string(word_limit);
  const auto kdf = reader.string(word_limit);
  const auto kdf_options = reader.string(kdf_limit);
  const auto count = reader.u32();
  const auto blob = reader.string(blob_limit);
  if (!cipher || !kdf || !kdf_options || count != 1 || !blob)
    return fail(Kind::Invalid, origin + ": the private key is damaged");
  return PrivateKeyOutline{std::string(*blob), *cipher != "none"};
}

} // namespace alk::ssh
