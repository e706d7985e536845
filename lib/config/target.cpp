#include "config/target.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace alk::config {

// RFC 1035 section 2.3.4 allows 253 characters of text; a little room for a trailing dot and the wildcard.
static constexpr std::size_t host_limit = 256;

Destination make_destination(std::string_view host, std::uint16_t port) {
  auto normal = normalize_host(host);
  auto address = parse_ip(normal);
  return {std::move(normal), address, port, host.starts_with(reserved_prefix)};
}

bool Target::matches(const Destination& to) const {
  if (to.reserved) return kind == Kind::Reserved || (kind == Kind::Any && any_port());
  if (to.port < first_port || to.port > last_port) return false;
  switch (kind) {
  case Kind::Any: return true;
  case Kind::Reserved: return false;
  case Kind::Cidr:
    return to.address && to.address->size == network.size && masked(*to.address, bits) == network;
  case Kind::Host:
    if (!wildcard) return to.host == prefix;
    return to.host.size() >= prefix.size() + suffix.size() && to.host.starts_with(prefix) &&
           to.host.ends_with(suffix);
  }
  return false;
}

static Failure wrong(std::string what) {
  return fail(Kind::Invalid, std::move(what));
}

static Result<void> read_ports(std::string_view text, Target& target) {
  if (text == "*") return {};
  auto dash = text.find('-');
  auto first = parse_port(text.substr(0, dash));
  auto last = dash == text.npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first == 0 || *last == 0)
    return wrong("after the colon stands a port from 1 to 65535, a range such as 8000-8099, or *");
  if (*first > *last) return wrong("the first port of the range is above the last");
  target.first_port = *first;
  target.last_port = *last;
  return {};
}

static Result<void> read_cidr(std::string_view text, std::size_t slash, Target& target) {
  auto address = parse_ip(text.substr(0, slash));
  if (!address) return wrong("before the slash stands an IPv4 or IPv6 address");
  auto bits = parse_number(text.substr(slash + 1));
  if (!bits || *bits > address->size * 8U)
    return wrong("after the slash stands a number of bits from 0 to " + std::to_string(address->size * 8));
  if (masked(*address, static_cast<unsigned>(*bits)) != *address)
    return wrong("the network has bits set behind its prefix length");
  target.kind = Target::Kind::Cidr;
  target.network = *address;
  target.bits = static_cast<std::uint8_t>(*bits);
  return {};
}

// All digits and dots, or a last label of digits: no name ends so, and a resolver would take it for an
// address.
static bool looks_numeric(std::string_view host) {
  auto label = host.substr(host.rfind('.') + 1);
  return !label.empty() && label.find_first_not_of("0123456789") == label.npos;
}

static Result<void> read_glob(std::string_view text, Target& target) {
  auto star = text.find('*');
  if (star != text.npos && text.find('*', star + 1) != text.npos) return wrong("a host has at most one *");
  bool odd = std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || std::string_view("/[]:,\"'\\").find(c) != std::string_view::npos;
  });
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7f; }))
    return wrong("international names are written in their xn-- form");
  if (odd || text.size() > host_limit) return wrong("not a host name, an address or a network");
  if (star == text.npos && looks_numeric(text)) return wrong("not a complete IPv4 address");
  auto lower = to_lower(text);
  if (lower.size() > 1 && lower.ends_with('.')) lower.pop_back(); // as the normal form of a destination
  target.kind = Target::Kind::Host;
  target.wildcard = star != text.npos;
  target.prefix = lower.substr(0, star);
  target.suffix = target.wildcard ? lower.substr(star + 1) : "";
  return {};
}

static Result<void> read_host(std::string_view text, Target& target) {
  if (text.empty()) return wrong("the host is missing");
  if (text.starts_with(reserved_prefix))
    return wrong("names that begin with alknet- are reserved: their only target is alknet-*, without a port");
  if (text == "*") return {};
  if (auto slash = text.find('/'); slash != text.npos) return read_cidr(text, slash, target);
  if (auto address = parse_ip(text)) {
    target.kind = Target::Kind::Cidr;
    target.network = *address;
    target.bits = static_cast<std::uint8_t>(address->size * 8);
    return {};
  }
  return read_glob(text, target);
}

// Where the host ends: after "]", at the only colon, or, with several colons (a bare IPv6 address), at the
// end.
static Result<std::size_t> host_end(std::string_view text) {
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == text.npos) return wrong("the closing bracket is missing");
    if (close + 1 < text.size() && text[close + 1] != ':') return wrong("after the bracket stands a colon");
    return close + 1;
  }
  auto colon = text.find(':');
  if (colon != text.npos && text.find(':', colon + 1) != text.npos) return text.size();
  return std::min(colon, text.size());
}

Result<Target> parse_target(std::string_view text) {
  Target target;
  if (text == "alknet-*") {
    target.kind = Target::Kind::Reserved;
    return target;
  }
  ALK_TRY(auto end, host_end(text));
  auto host = text.substr(0, end);
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
    if (auto address = parse_ip(host.substr(0, host.find('/'))); !address || host.find(':') == host.npos)
      return wrong("brackets stand around an IPv6 address");
  }
  ALK_TRY_VOID(read_host(host, target));
  if (end < text.size()) ALK_TRY_VOID(read_ports(text.substr(end + 1), target));
  return target;
}

} // namespace alk::config
