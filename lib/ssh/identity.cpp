#include "ssh/identity.hpp"

#include "base/encoding.hpp"
#include "base/fd.hpp"
#include "base/secret_file.hpp"
#include "base/text.hpp"
#include "ssh/agent.hpp"
#include "ssh/identity_key.hpp"
#include "ssh/key_file.hpp"
#include "ssh/private_key_text.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::ssh {

namespace {

constexpr int passphrase_attempts = 3; // as ssh

// As ssh does: a key of ours that others may read is no secret any more. Whoever owns the file otherwise
// (root, a service manager's credential directory) answers for its mode.
Result<void> check_mode(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, path);
  if (status.st_uid == ::getuid() && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0)
    return fail(Kind::Denied, path + ": others can read this private key; mend it with: chmod 600 " + path);
  return {};
}

SecretBytes terminated(const SecretBytes& text) {
  SecretBytes copy(text.size() + 1);
  std::copy(text.bytes().begin(), text.bytes().end(), copy.bytes().begin());
  return copy;
}

KeyHandle import(const SecretBytes& text, const SecretBytes& passphrase) {
  const SecretBytes key_text = terminated(text);
  const SecretBytes secret = terminated(passphrase);
  ssh_key raw = nullptr;
  auto never = [](const char*, char*, size_t, int, int, void*) { return -1; };
  const char* given = passphrase.empty() ? nullptr : secret.view().data();
  if (ssh_pki_import_privkey_base64(key_text.view().data(), given, never, nullptr, &raw) != SSH_OK)
    return nullptr;
  return KeyHandle(raw);
}

Result<KeyHandle> decrypt(const SecretBytes& text, const std::string& path, const IdentitySources& sources) {
  for (int attempt = 0; attempt < passphrase_attempts; ++attempt) {
    auto passphrase =
        sources.ask_passphrase ? sources.ask_passphrase("Passphrase of " + path + ": ") : std::nullopt;
    if (!passphrase)
      return fail(Kind::Invalid,
                  path +
                      ": the key is encrypted and its passphrase was not given; use a terminal, or "
                      "ssh-add " +
                      path);
    if (KeyHandle key = import(text, *passphrase)) return key;
  }
  return fail(Kind::Invalid, path + ": wrong passphrase");
}

std::optional<std::string> blob_of_public_line(std::string_view text) {
  const auto words = split(trim(text), ' ');
  if (words.size() < 2) return std::nullopt;
  auto blob = base64_decode(words[1]);
  if (!blob || key_type_of_blob(*blob) != words[0]) return std::nullopt;
  return blob;
}

} // namespace

Identity::Identity() = default;
Identity::Identity(Identity&&) noexcept = default;
Identity& Identity::operator=(Identity&&) noexcept = default;
Identity::~Identity() = default;

Result<Identity> Identity::load(const std::string& path, const IdentitySources& sources) {
  ALK_TRY(const SecretBytes text, read_secret_file(path, private_key_file_limit));

  PrivateKeyOutline outline{.blob = {}, .encrypted = true};
  auto public_blob = blob_of_public_line(text.view());
  if (public_blob) {
    outline.blob = std::move(*public_blob);
  } else {
    ALK_TRY(outline, outline_private_key(text.view(), path));
    ALK_TRY_VOID(check_mode(path));
  }
  if (key_type_of_blob(outline.blob) != "ssh-ed25519")
    return fail(Kind::Invalid,
                path + ": only Ed25519 keys are supported; make one with: ssh-keygen -t ed25519");

  Identity identity;
  identity.blob_ = outline.blob;
  identity.fingerprint_ = fingerprint_of_blob(outline.blob);
  if (outline.encrypted && !sources.agent_socket.empty() && agent_holds(sources.agent_socket, outline.blob)) {
    identity.agent_socket_ = sources.agent_socket;
    return identity;
  }
  if (public_blob)
    return fail(Kind::Invalid, path + ": a public key, and ssh-agent does not hold its private half");

  KeyHandle key;
  if (outline.encrypted) {
    ALK_TRY(key, decrypt(text, path, sources));
  } else if (key = import(text, {}); !key) {
    return fail(Kind::Invalid, path + ": the private key is damaged");
  }
  identity.key_ = std::make_unique<Key>(Key{std::move(key)});
  return identity;
}

} // namespace alk::ssh
