// OpenSSH user certificates (PROTOCOL.certkeys of OpenSSH): what ssh-ed25519-cert-v01@openssh.com says, read
// and bounded. Nothing is believed here: who signed it, and whether, is for the reader to find out.
#pragma once

#include "base/result.hpp"
#include "config/ip_address.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk::pubkey {

inline constexpr std::size_t max_certificate_principals = 256; // OpenSSH's SSHKEY_CERT_MAX_PRINCIPALS
inline constexpr std::size_t max_principal = 255; // a user name; each may become a scope and a bus string
inline constexpr std::uint64_t valid_forever = std::numeric_limits<std::uint64_t>::max();

struct Certificate {
  std::string key; // the certified key in wire encoding, always Ed25519
  std::uint64_t serial = 0;
  bool for_user = false; // else it names a host
  std::string_view key_id;
  std::vector<std::string> principals; // printable UTF-8
  std::uint64_t valid_after = 0;       // Unix seconds, the first that is valid
  std::uint64_t valid_before = 0;      // the first that is not any more
  // Critical options. force-command and verify-required are understood and change nothing here: no command is
  // ever run, and an Ed25519 key has nobody to verify.
  std::optional<std::vector<config::Network>> source_addresses;
  bool understood = true;       // false: a critical option that is unknown, malformed or there twice
  bool port_forwarding = false; // the extension permit-port-forwarding

  // Views into the parsed bytes.
  std::string_view authority; // the key that is said to have signed, in wire encoding
  std::string_view body;      // what was signed
  std::string_view signature; // with the name of its algorithm, RFC 4253 section 6.6
};

// Errors: Invalid (malformed, too many or odd principals, another type than user or host, an authority that
// is a certificate itself), Unsupported (the certified key is no plain Ed25519 key).
Result<Certificate> parse_certificate(std::string_view blob);

} // namespace alk::pubkey
