// The options field of an authorized_keys line (sshd(8), AUTHORIZED_KEYS FILE FORMAT): comma separated, names
// in any case, values in double quotes with \" for a quote inside.
//
// Honoured: cert-authority, principals=, from=, expiry-time=, permitopen=, permitlisten=, restrict,
// [no-]port-forwarding. Accepted without effect, because we never give what they are about: [no-]pty,
// [no-]user-rc, [no-]agent-forwarding, [no-]X11-forwarding, [no-]touch-required, verify-required. Everything
// else refuses the line: a restriction that is not understood must not be dropped.
#pragma once

#include "base/result.hpp"
#include "pubkey/expiry_time.hpp"
#include "pubkey/from_list.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk::pubkey {

inline constexpr std::size_t max_permit_host = 255; // a DNS name; sshd allows NI_MAXHOST

struct KeyOptions {
  bool cert_authority = false;
  bool port_forwarding = true;
  std::optional<FromList> from;
  std::optional<UnixSeconds> expires;    // the earliest of several
  std::vector<std::string> permitopen;   // HOST:PORT, [V6]:PORT, port * = any; empty = no limit
  std::vector<std::string> permitlisten; // the same; a bare PORT was written as *:PORT
  std::vector<std::string> principals;   // of a CA
};

// Where the options field ends: the first blank outside quotes. Nothing when a quote stays open.
std::optional<std::size_t> options_length(std::string_view line);

// Errors: Invalid. The text names the option or its position, never a value: values may be destinations, and
// a line that is not what it seems may hold a private key.
Result<KeyOptions> parse_key_options(std::string_view field);

} // namespace alk::pubkey
