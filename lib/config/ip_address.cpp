#include "config/ip_address.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

namespace alk::config {

static constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string IpAddress::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (size == 0 || !::inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text)) return {};
  return text;
}

std::optional<IpAddress> make_ip(std::span<const std::uint8_t> bytes) {
  if (bytes.size() == 16 && std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin()))
    bytes = bytes.subspan(mapped_prefix.size());
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress address;
  address.size = static_cast<std::uint8_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) text = text.substr(1, text.size() - 2);
  char copy[INET6_ADDRSTRLEN]; // longer text is no address
  if (text.empty() || text.size() >= sizeof copy || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  std::uint8_t bytes[16];
  if (!bracketed && ::inet_pton(AF_INET, copy, bytes) == 1) return make_ip({bytes, 4});
  if (::inet_pton(AF_INET6, copy, bytes) == 1) return make_ip({bytes, 16});
  return std::nullopt;
}

IpAddress masked(IpAddress address, unsigned bits) {
  for (unsigned i = 0; i < address.size; ++i) {
    unsigned kept = bits > i * 8 ? std::min(bits - i * 8, 8U) : 0;
    address.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return address;
}

bool Network::contains(const IpAddress& other) const {
  return other.size == address.size && masked(other, bits) == address;
}

std::string Network::text() const {
  auto text = address.text();
  return bits == address.size * 8 ? text : text + "/" + std::to_string(bits);
}

std::optional<Network> parse_network(std::string_view text) {
  auto slash = text.find('/');
  auto address = parse_ip(text.substr(0, slash));
  if (!address || text.starts_with('[')) return std::nullopt;
  auto whole = static_cast<std::uint8_t>(address->size * 8);
  if (slash == text.npos) return Network{*address, whole};
  auto bits = parse_number(text.substr(slash + 1));
  if (!bits || *bits > whole || masked(*address, static_cast<unsigned>(*bits)) != *address)
    return std::nullopt;
  return Network{*address, static_cast<std::uint8_t>(*bits)};
}

std::string normalize_host(std::string_view host) {
  if (auto address = parse_ip(host)) return address->text();
  if (host.size() > 1 && host.back() == '.') {
    host.remove_suffix(1);
    if (auto address = parse_ip(host)) return address->text(); // resolvers take "192.0.2.1." for the address
  }
  return to_lower(host);
}

} // namespace alk::config
