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

// Normal form of a host that a peer asked for: lower case (ASCII), one trailing dot removed, literals in
// inet_ntop form without brackets, IPv4-mapped IPv6 as IPv4. Never fails: odd text stays as it is,
// lower-cased.
std::string normalize_host(std::string_view host);

} // namespace alk::config
