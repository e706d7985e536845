#include "pubkey/from_list.hpp"

#include "base/text.hpp"

namespace alk::pubkey {

namespace {

constexpr unsigned mapped_bits = 96; // ::ffff:0:0/96 holds IPv4

// Could this pattern match the text of an address? Hexadecimal letters alone ("cafe") are a host name.
bool over_addresses(std::string_view pattern) {
  if (pattern.find_first_not_of("0123456789abcdef.:*?") != std::string_view::npos) return false;
  return pattern.find_first_of("abcdef") == std::string_view::npos ||
         pattern.find_first_of(":*?") != std::string_view::npos;
}

} // namespace

std::optional<IpAddress> parse_peer_address(std::string_view text) {
  if (text.starts_with('[')) return std::nullopt;
  auto address = config::parse_ip(text.substr(0, text.find('%')));
  bool zone_on_ipv4 = address && address->size == 4 && text.find('%') != std::string_view::npos;
  return zone_on_ipv4 ? std::nullopt : address;
}

bool wildcard_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool FromList::Pattern::matches(const IpAddress& address, std::string_view spelled) const {
  if (const auto* network = std::get_if<Network>(&what))
    return network->base.size == address.size && config::masked(address, network->bits) == network->base;
  return wildcard_matches(std::get<std::string>(what), spelled);
}

Result<FromList::Network> FromList::parse_network(std::string_view text) {
  auto slash = text.find('/');
  auto base = parse_peer_address(text.substr(0, slash));
  if (!base) return fail(Kind::Invalid, "from= holds a malformed network");
  unsigned width = base->size * 8u;
  if (slash == std::string_view::npos) return Network{*base, width};
  auto bits = parse_number(text.substr(slash + 1));
  unsigned skipped = width == 32 && text.find(':') != std::string_view::npos ? mapped_bits : 0;
  if (!bits || *bits < skipped || *bits > width + skipped)
    return fail(Kind::Invalid, "from= holds a bad prefix length");
  auto length = static_cast<unsigned>(*bits) - skipped;
  if (config::masked(*base, length) != *base)
    return fail(Kind::Invalid, "from= holds a network with bits after its prefix");
  return Network{*base, length};
}

Result<FromList::Pattern> FromList::parse_pattern(std::string_view text) {
  bool negated = text.starts_with('!');
  if (negated) text.remove_prefix(1);
  if (text.empty()) return fail(Kind::Invalid, "from= holds an empty pattern");
  if (text.find('/') != std::string_view::npos || parse_peer_address(text)) {
    ALK_TRY(Network network, parse_network(text));
    return Pattern{negated, std::move(network)};
  }
  std::string pattern = to_lower(text);
  if (negated && !over_addresses(pattern))
    return fail(Kind::Invalid, "from= excludes a host name; names are not looked up");
  return Pattern{negated, std::move(pattern)};
}

Result<FromList> FromList::parse(std::string_view text) {
  FromList list;
  for (std::string_view part : split(text, ',')) {
    ALK_TRY(Pattern pattern, parse_pattern(part));
    list.patterns_.push_back(std::move(pattern));
  }
  return list;
}

bool FromList::admits(const IpAddress& address) const {
  bool admitted = false;
  std::string spelled = address.text();
  for (const Pattern& pattern : patterns_) {
    if (!pattern.matches(address, spelled)) continue;
    if (pattern.negated) return false;
    admitted = true;
  }
  return admitted;
}

} // namespace alk::pubkey
