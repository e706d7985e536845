// The server's host key: an Ed25519 private key in OpenSSH format, without a passphrase.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <memory>
#include <string>

namespace alk::ssh {

class HostKey {
 public:
  // `origin` names the file in errors. Other formats and types are refused with a hint at the mend (Invalid).
  static Result<HostKey> parse(const SecretBytes& text, const std::string& origin);
  HostKey(HostKey&&) noexcept;
  HostKey& operator=(HostKey&&) noexcept;
  ~HostKey();

  const std::string& fingerprint() const { return fingerprint_; } // SHA256:...
  const std::string& public_line() const { return public_line_; } // "ssh-ed25519 AAAA..."

  // The libssh object that hands the key to new sessions. One per loop: libssh writes into it.
  struct Binding;
  Binding& binding() const { return *binding_; }

 private:
  HostKey();
  std::unique_ptr<Binding> binding_;
  std::string fingerprint_;
  std::string public_line_;
};

} // namespace alk::ssh
