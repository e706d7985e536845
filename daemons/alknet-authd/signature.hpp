// Whether a key signed some bytes: the signatures of certificates (RFC 4253 section 6.6, RFC 5656, RFC 8332,
// RFC 8709). The one file of this daemon that sees OpenSSL.
#pragma once

#include <string_view>

namespace alk::authd {

// `key` and `signature` in SSH wire encoding. Ed25519, ECDSA over the NIST curves with the hash that belongs
// to each, RSA from 2048 to 16384 bits with SHA-256 or SHA-512 (rsa-sha2-256, rsa-sha2-512; never SHA-1).
// Anything else, and whatever is malformed, is not a valid signature.
bool signature_valid(std::string_view key, std::string_view signed_bytes, std::string_view signature);

} // namespace alk::authd
