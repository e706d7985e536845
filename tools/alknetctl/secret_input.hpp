// Secrets that somebody gives to alknetctl: typed without echo, read from a descriptor, or asked for by
// systemd. Never from the command line or the environment, which others may read.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <string>

namespace alk::alknetctl {

struct SecretSource {
  int descriptor = -1;       // --fd N: everything up to the end
  bool ask_password = false; // --ask-password: systemd-ask-password(1), where no terminal is
};

inline constexpr std::size_t max_secret_input = 64 * 1024; // a credential; a mnemonic is shorter

// Lines of one input, in the order of the questions; a descriptor gives one line for each.
class SecretInput {
 public:
  explicit SecretInput(SecretSource source) : source_(source) {}
  // One line without its end; `question` is shown to a person. A descriptor that has ended gives an empty
  // one.
  Result<SecretBytes> line(const std::string& question);
  // Several lines: all of the descriptor; a person types one line.
  Result<SecretBytes> text(const std::string& question);

 private:
  Result<void> fill();

  SecretSource source_;
  bool filled_ = false;
  SecretBytes rest_;
};

// Asks for mnemonic and passphrase; gives what alknet-secretd unlocks with (clients::unlock_request).
Result<SecretBytes> ask_unlock_request(SecretSource source);

} // namespace alk::alknetctl
