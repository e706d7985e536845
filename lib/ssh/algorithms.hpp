// What we offer, both roles. libssh's own defaults end in an empty name and hold zlib, NIST ECDH and non-ETM
// MACs. Strict key exchange (the answer to CVE-2023-48795) is part of libssh 0.10.6 and always on. The
// committed ssh-audit policy in tests/integration must agree.
#pragma once

namespace alk::ssh {

inline constexpr const char* kex_algorithms = "curve25519-sha256,curve25519-sha256@libssh.org,diffie-hellman-"
                                              "group16-sha512,diffie-hellman-group18-sha512";
inline constexpr const char* host_key_algorithms = "ssh-ed25519";
// The CTR ciphers are for clients without an AEAD one (paramiko, old appliances); the encrypt-then-MAC list
// below goes with them.
inline constexpr const char* ciphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes256-ctr,aes128-ctr";
inline constexpr const char* macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";
inline constexpr const char* compression = "none";
inline constexpr const char* public_key_types = "ssh-ed25519";

} // namespace alk::ssh
