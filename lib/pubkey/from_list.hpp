// from= of sshd(8): which addresses a key may be used from. Patterns are networks (192.0.2.0/24,
// 2001:db8::/32), addresses, and wildcards (* and ?) over the address as text, each negated by "!". A negated
// match refuses, wherever it stands; otherwise one match is enough. Host names are never looked up (sshd's
// UseDNS no): a host name pattern matches nothing, and a negated one is refused when read, because it would
// look like a protection and be none.
#pragma once

#include "base/result.hpp"
#include "config/ip_address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace alk::pubkey {

using config::IpAddress;

// A literal as a peer's address is written: no brackets; a zone (fe80::1%eth0) is left out.
std::optional<IpAddress> parse_peer_address(std::string_view text);

class FromList {
 public:
  static Result<FromList> parse(std::string_view text); // Invalid; the error never repeats the text

  bool admits(const IpAddress& address) const;

 private:
  struct Network {
    IpAddress base;
    unsigned bits;
  };
  struct Pattern {
    bool negated;
    std::variant<Network, std::string> what;
    bool matches(const IpAddress& address, std::string_view spelled) const;
  };
  static Result<Pattern> parse_pattern(std::string_view text);
  static Result<Network> parse_network(std::string_view text);

  std::vector<Pattern> patterns_;
};

// Shell-like: * any run, ? one byte. Time is linear in text and pattern for each star.
bool wildcard_matches(std::string_view pattern, std::string_view text);

} // namespace alk::pubkey
