// The target of a forwarding rule:
//   alknet-*  |  ( * | host-glob | CIDR | [ipv6] ) [ : ( * | port | port-port ) ]
// Host text is compared in normal form: lower case, one trailing dot removed, IPv6 canonical, IPv4-mapped IPv6 as IPv4.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alk::config {

// IPv4 in 4 bytes, IPv6 in 16, network byte order.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0; // 4 or 16
  bool operator==(const IpAddress&) const = default;
  std::string text() const; // inet_ntop form
};

// A literal address ("192.0.2.1", "2001:db8::1", "[2001:db8::1]"); IPv4-mapped IPv6 comes back as IPv4. No zone ids.
std::optional<IpAddress> parse_ip(std::string_view text);

// Normal form of a host that a peer asked for; see above. Never fails: odd text stays as it is, lower-cased.
std::string normalize_host(std::string_view host);

struct Target {
  enum class Kind {
    Any,      // *
    Host,     // exact, or with one '*'
    Cidr,     // matches IP literals inside
    Reserved, // alknet-*
  };
  Kind kind = Kind::Any;
  std::string prefix;     // Host: text before '*', or the whole text
  std::string suffix;     // Host: text after '*'
  bool wildcard = false;  // Host: whether there is a '*'
  IpAddress network;      // Cidr: host bits are zero
  std::uint8_t bits = 0;  // Cidr
  std::uint16_t first_port = 1;
  std::uint16_t last_port = 65535; // inclusive
  bool operator==(const Target&) const = default;

  // `host` in normal form; `address` when it is a literal. The plain definition that the compiled index must equal.
  bool matches(std::string_view host, const std::optional<IpAddress>& address, std::uint16_t port) const;
};

Result<Target> parse_target(std::string_view text); // Invalid with a sentence on what is wrong

} // namespace alk::config
