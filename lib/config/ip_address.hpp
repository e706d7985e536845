// IP addresses as values, and the normal form of a host that policy compares.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace alk::config {

// IPv4 in 4 bytes, IPv6 in 16, network byte order; unused bytes are zero.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0; // 4 or 16; 0 = no address
  auto operator<=>(const IpAddress&) const = default;
  std::string text() const; // inet_ntop form
};

// A literal address ("192.0.2.1", "2001:db8::1", "[2001:db8::1]"); IPv4-mapped IPv6 comes back as IPv4. No
// zone ids, no short or octal forms of IPv4: those are names, judged again once they are resolved.
std::optional<IpAddress> parse_ip(std::string_view text);

// From 4 or 16 bytes of a socket address, IPv4-mapped IPv6 as IPv4; nullopt for any other length.
std::optional<IpAddress> make_ip(std::span<const std::uint8_t> bytes);

// The address with all but the first `bits` bits cleared.
IpAddress masked(IpAddress address, unsigned bits);

// A range of addresses: "10.0.0.0/8", "2001:db8::/32", or one address.
struct Network {
  IpAddress address; // bits behind the prefix are zero
  std::uint8_t bits = 0;
  auto operator<=>(const Network&) const = default;
  bool contains(const IpAddress& other) const;
  std::string text() const; // with "/BITS" unless it is a single address
};

// nullopt for anything else, also when bits behind the prefix are set: that is more likely a mistake than
// meant.
std::optional<Network> parse_network(std::string_view text);

// Normal form of a host that a peer asked for: lower case (ASCII), one trailing dot removed, literals in
// inet_ntop form without brackets, IPv4-mapped IPv6 as IPv4. Never fails: odd text stays as it is,
// lower-cased.
std::string normalize_host(std::string_view host);

} // namespace alk::config
