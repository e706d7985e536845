// An IP address with a port, as a plain value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace alk::net {

struct Address {
  std::array<std::uint8_t, 16> bytes{}; // network byte order; the first four for IPv4
  std::uint8_t size = 0;                // 4 or 16; 0 = no address
  std::uint16_t port = 0;
  std::uint32_t scope = 0; // interface index of an IPv6 link-local address

  std::string host() const; // inet_ntop form, without brackets
  std::string text() const; // "192.0.2.1:22", "[2001:db8::1]:22"
  bool is_loopback() const; // 127.0.0.0/8, ::1 and the former mapped into IPv6
  bool operator==(const Address&) const = default;
};

// A literal ("192.0.2.1", "2001:db8::1"): four dotted decimals or RFC 4291 text, no brackets, no zone. An
// IPv4-mapped IPv6 literal comes back as IPv4.
std::optional<Address> parse_address(std::string_view literal, std::uint16_t port);

// "192.0.2.1:22" and "[2001:db8::1]:22". Port 0 is allowed.
std::optional<Address> parse_address_and_port(std::string_view text);

// AF_INET and AF_INET6 alone; anything else is empty. IPv4-mapped IPv6 becomes IPv4.
std::optional<Address> address_from(const sockaddr* address, std::size_t length);

} // namespace alk::net
