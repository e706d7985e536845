#include "ssh/key_file.hpp"

#include "base/encoding.hpp"
#include "base/handle.hpp"
#include "base/secret_file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include <libssh/libssh.h>
#include <sodium.h>
#include <sys/stat.h>

namespace alk::ssh {

namespace {

// A private key file is a few hundred bytes; an RSA one of 16,384 bits stays below 16 KiB.
constexpr std::size_t private_key_limit = 64 * 1024;

using Key = Handle<ssh_key_struct, ssh_key_free>;

void wipe_text(char* text) {
  wipe(std::as_writable_bytes(std::span(text, std::strlen(text))));
  ssh_string_free_char(text);
}

Result<std::string> public_line(const Key& key) {
  char* exported = nullptr;
  if (ssh_pki_export_pubkey_base64(key.get(), &exported) != SSH_OK)
    return fail(Kind::Broken, "the public half of the key cannot be written");
  Handle<char, ssh_string_free_char> base64(exported);
  return std::string(ssh_key_type_to_char(ssh_key_type(key.get()))) + " " + base64.get();
}

} // namespace

Result<KeyPair> generate_ed25519() {
  ssh_key made = nullptr;
  if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &made) != SSH_OK)
    return fail(Kind::Broken, "no key could be generated");
  Key key(made);
  ALK_TRY(std::string line, public_line(key));
  char* exported = nullptr;
  if (ssh_pki_export_privkey_base64(key.get(), nullptr, nullptr, nullptr, &exported) != SSH_OK)
    return fail(Kind::Broken, "the private half of the key cannot be written");
  Handle<char, wipe_text> text(exported);
  return KeyPair{SecretBytes(std::string_view(text.get())), std::move(line)};
}

Result<void> write_private_key(const std::string& path, const SecretBytes& private_key) {
  return create_file(path, private_key.view(), 0600);
}

Result<bool> make_missing_private_key(const std::string& path) {
  struct ::stat status {};
  if (::lstat(path.c_str(), &status) == 0) return false;
  ALK_TRY(KeyPair pair, generate_ed25519());
  ALK_TRY_VOID(write_private_key(path, pair.private_key));
  return true;
}

Result<std::string> read_public_line(const std::string& path) {
  ALK_TRY(const SecretBytes text, read_secret_file(path, private_key_limit));
  SecretBytes terminated(text.size() + 1);
  std::copy(text.bytes().begin(), text.bytes().end(), terminated.bytes().begin());
  ssh_key read = nullptr;
  if (ssh_pki_import_privkey_base64(terminated.view().data(), "", nullptr, nullptr, &read) != SSH_OK)
    return fail(Kind::Invalid, path + ": not an unencrypted private key in OpenSSH format");
  return public_line(Key(read));
}

Result<std::string> fingerprint(std::string_view public_line) {
  auto words = split(trim(public_line), ' ');
  if (words.size() < 2) return fail(Kind::Invalid, "not a public key line");
  ssh_keytypes_e type = ssh_key_type_from_name(std::string(words[0]).c_str());
  ssh_key read = nullptr;
  if (type == SSH_KEYTYPE_UNKNOWN ||
      ssh_pki_import_pubkey_base64(std::string(words[1]).c_str(), type, &read) != SSH_OK)
    return fail(Kind::Invalid, "not a public key line");
  Key key(read);
  auto blob = base64_decode(words[1]);
  if (!blob) return fail(Kind::Invalid, "not a public key line");
  return fingerprint_of_blob(*blob);
}

std::string fingerprint_of_blob(std::string_view blob) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(blob.data()), blob.size());
  return "SHA256:" + base64_encode(digest, Padding::Omit);
}

} // namespace alk::ssh
