#include "net/address.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace alk::net {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// ::ffff:a.b.c.d names the IPv4 address; two spellings of one place would slip past rules.
void unmap(Address& address) {
  if (address.size != 16 || !std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin()))
    return;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), address.bytes.begin());
  std::fill(address.bytes.begin() + 4, address.bytes.end(), 0);
  address.size = 4;
  address.scope = 0;
}

} // namespace

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (size == 0) return {};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

std::string Address::text() const {
  if (size == 16) return "[" + host() + "]:" + std::to_string(port);
  return host() + ":" + std::to_string(port);
}

bool Address::is_loopback() const {
  if (size == 4) return bytes[0] == 127;
  return size == 16 && bytes[15] == 1 &&
         std::all_of(bytes.begin(), bytes.end() - 1, [](auto b) { return b == 0; });
}

std::optional<Address> parse_address(std::string_view literal, std::uint16_t port) {
  if (literal.size() >= INET6_ADDRSTRLEN || literal.find('\0') != literal.npos) return std::nullopt;
  const std::string text(literal);
  Address address;
  address.port = port;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.size = 4;
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.size = 16;
    unmap(address);
    return address;
  }
  return std::nullopt;
}

std::optional<Address> parse_address_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) return std::nullopt;
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != host.npos)) return std::nullopt;
  return parse_address(host, *port);
}

std::optional<Address> address_from(const sockaddr* from, std::size_t length) {
  Address address;
  if (from->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, from, sizeof in);
    std::memcpy(address.bytes.data(), &in.sin_addr, 4);
    address.size = 4;
    address.port = ntohs(in.sin_port);
    return address;
  }
  if (from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, from, sizeof in);
    std::memcpy(address.bytes.data(), &in.sin6_addr, 16);
    address.size = 16;
    address.port = ntohs(in.sin6_port);
    address.scope = in.sin6_scope_id;
    unmap(address);
    return address;
  }
  return std::nullopt;
}

} // namespace alk::net
