// An Ed25519 key that was derived elsewhere, in the form in which private keys are read here.
#pragma once

#include "base/secret_bytes.hpp"

#include <string_view>

namespace alk::ssh {

// OpenSSH's own format (PROTOCOL.key), without passphrase and comment. `public_key`: 32 bytes; `seed`: the 32
// bytes of RFC 8032. No copy of the seed is left behind.
SecretBytes openssh_private_key(std::string_view public_key, const SecretBytes& seed);

} // namespace alk::ssh
