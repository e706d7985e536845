// Where [server.proxy] points: "socks5://HOST:PORT" or "http://HOST:PORT", and nothing else.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alk::config {

enum class ProxyProtocol {
  Socks5,      // RFC 1928; user and password by RFC 1929
  HttpConnect, // RFC 9110 section 9.3.6; user and password by RFC 7617
};

struct ProxyUrl {
  ProxyProtocol protocol = ProxyProtocol::Socks5;
  std::string host; // a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  bool operator==(const ProxyUrl&) const = default;
};

// Invalid with a sentence on what is wrong. The sentence never repeats the text: it may hold a password.
Result<ProxyUrl> parse_proxy_url(std::string_view text);

} // namespace alk::config
