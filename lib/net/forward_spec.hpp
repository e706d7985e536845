// What people write on command lines: servers and forwards.
#pragma once

#include "base/result.hpp"
#include "net/address.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alk::net {

struct HostPort {
  std::string host; // without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// "host", "host:port", "192.0.2.1[:port]", "[2001:db8::1][:port]", a bare "2001:db8::1". Port 1-65535.
// Errors: Invalid, naming the text.
Result<HostPort> parse_server(std::string_view text, std::uint16_t default_port);

// [bind_addr:]bind_port:target_host:target_port (network.md 8.7). IPv6 in brackets; bind_addr is an address,
// by default 127.0.0.1; bind port 0 means any, the target's port is 1-65535.
struct ForwardSpec {
  Address bind;
  HostPort target;
  bool operator==(const ForwardSpec&) const = default;
};

// Errors: Invalid. The text names the specification as it stands on the user's own command line.
Result<ForwardSpec> parse_forward(std::string_view text);

} // namespace alk::net
