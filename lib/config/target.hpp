// The target of a forwarding rule:
//   alknet-*  |  ( * | host-glob | CIDR | address | [ipv6] ) [ : ( * | port | port-port ) ]
// A host-glob is a host name with at most one '*'. IPv6 with a port needs brackets around the address; a CIDR
// stands without them or inside them ("2001:db8::/32", "[2001:db8::/32]:443").
#pragma once

#include "base/result.hpp"
#include "config/ip_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alk::config {

// Hosts that begin with this, in lower case as the peer wrote them, are never names of the network.
inline constexpr std::string_view reserved_prefix = "alknet-";

// A destination in the form that rules compare.
struct Destination {
  std::string host;                 // normal form
  std::optional<IpAddress> address; // when the host is a literal
  std::uint16_t port = 0;
  bool reserved = false; // begins with reserved_prefix; its port means nothing
};

Destination make_destination(std::string_view host, std::uint16_t port); // `host` as the peer wrote it

struct Target {
  enum class Kind {
    Any,      // *
    Host,     // a name: exact, or with one '*'
    Cidr,     // matches IP literals inside; a single address has all its bits
    Reserved, // alknet-*
  };
  Kind kind = Kind::Any;
  std::string prefix;           // Host: text before '*', or the whole text
  std::string suffix;           // Host: text after '*'
  bool wildcard = false;        // Host: whether there is a '*'
  IpAddress network;            // Cidr: host bits are zero
  std::uint8_t bits = 0;        // Cidr
  std::uint16_t first_port = 0; // 0-65535 stands for "no port given"
  std::uint16_t last_port = 65535;
  bool operator==(const Target&) const = default;

  // The plain definition that the compiled index must equal. A reserved destination is matched by Reserved
  // and by Any without ports, never by what speaks of hosts.
  bool matches(const Destination& destination) const;
  bool any_port() const { return first_port == 0 && last_port == 65535; }
};

// Invalid with a sentence on what is wrong. The sentence never repeats the text: it may end in a log.
Result<Target> parse_target(std::string_view text);

} // namespace alk::config
