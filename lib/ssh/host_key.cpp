#include "ssh/host_key.hpp"

#include "base/encoding.hpp"
#include "ssh/algorithms.hpp"
#include "ssh/host_key_binding.hpp"
#include "ssh/key_file.hpp"

namespace alk::ssh {

HostKey::HostKey() = default;
HostKey::HostKey(HostKey&&) noexcept = default;
HostKey& HostKey::operator=(HostKey&&) noexcept = default;
HostKey::~HostKey() = default;

static Result<BindHandle> make_bind() {
  BindHandle bind(ssh_bind_new());
  if (!bind) return fail(Kind::Broken, "ssh_bind_new failed");
  bool process_config = false; // else libssh reads /etc/ssh
  int set = ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_PROCESS_CONFIG, &process_config);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_KEY_EXCHANGE, kex_algorithms);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, host_key_algorithms);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_HMAC_C_S, macs);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_HMAC_S_C, macs);
  set |= ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, public_key_types);
  if (set != SSH_OK) return fail(Kind::Broken, "libssh refuses our algorithm lists");
  return bind;
}

Result<HostKey> HostKey::parse(const SecretBytes& text, const std::string& origin) {
  if (text.view().find("-----BEGIN OPENSSH PRIVATE KEY-----") == std::string_view::npos)
    return alk::fail(Kind::Invalid,
                     origin + ": not an OpenSSH private key; make one with: ssh-keygen -t ed25519 -N '' -f " +
                         origin);
  // libssh wants a terminated string; SecretBytes wipes the copy.
  SecretBytes terminated(text.size() + 1);
  std::copy(text.bytes().begin(), text.bytes().end(), terminated.bytes().begin());
  ssh_key raw = nullptr;
  auto no_passphrase = [](const char*, char*, size_t, int, int, void*) { return -1; };
  if (ssh_pki_import_privkey_base64(terminated.view().data(), nullptr, no_passphrase, nullptr, &raw) !=
      SSH_OK)
    return alk::fail(Kind::Invalid,
                     origin + ": cannot be read as an OpenSSH private key without a passphrase");
  KeyHandle key(raw);
  if (ssh_key_type(key.get()) != SSH_KEYTYPE_ED25519)
    return alk::fail(Kind::Invalid,
                     origin + ": only Ed25519 host keys are supported; make one with: ssh-keygen -t ed25519");

  HostKey host_key;
  char* encoded = nullptr;
  if (ssh_pki_export_pubkey_base64(key.get(), &encoded) != SSH_OK)
    return alk::fail(Kind::Broken, origin + ": export failed");
  OwnedText owned(encoded);
  host_key.public_line_ = "ssh-ed25519 " + std::string(encoded);
  host_key.fingerprint_ = fingerprint_of_blob(base64_decode(encoded).value_or(""));
  ALK_TRY(auto bind, make_bind());
  if (ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_IMPORT_KEY, key.get()) != SSH_OK)
    return alk::fail(Kind::Broken, origin + ": libssh refuses the key");
  (void)key.release(); // the bind owns it now
  host_key.binding_ = std::make_unique<Binding>(Binding{std::move(bind)});
  return host_key;
}

} // namespace alk::ssh
