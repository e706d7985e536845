// How secrets cross the bus: sealed boxes of libsodium (crypto_box_seal), to a one-time key of whoever
// receives.
#pragma once

#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <string>

namespace alk::clients {

// Ours, for one answer.
class OneTimeKey {
 public:
  OneTimeKey();
  const std::string& public_key() const { return public_key_; } // 32 bytes
  Result<SecretBytes> open(std::string_view box) const;         // Broken: not sealed to this key

 private:
  std::string public_key_;
  SecretBytes secret_key_;
};

// To the other side's key. Broken when it is none.
Result<std::string> seal_to(std::string_view public_key, std::string_view secret);

// What Unlock and Generate want in their box: mnemonic and passphrase, padded so that the size says nothing.
SecretBytes unlock_request(std::string_view mnemonic, std::string_view passphrase);

} // namespace alk::clients
