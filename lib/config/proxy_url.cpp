#include "config/proxy_url.hpp"

#include "base/text.hpp"
#include "config/ip_address.hpp"

#include <algorithm>

namespace alk::config {

static constexpr std::size_t proxy_host_limit = 253; // RFC 1035 section 2.3.4, as text

static bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= proxy_host_limit &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
                  c == '_' || c == '-';
         });
}

// "HOST:PORT" or "[IPV6]:PORT".
static Result<ProxyUrl> read_authority(ProxyProtocol protocol, std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port = colon == text.npos ? std::nullopt : parse_port(text.substr(colon + 1));
  if (!port || *port == 0) return fail(Kind::Invalid, "must end in a port from 1 to 65535");
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  const bool v6 = host.find(':') != host.npos;
  if (v6 != brackets || (v6 ? !parse_ip(host) : !is_host_name(host)))
    return fail(Kind::Invalid, "must name a host or an address before the port, an IPv6 address in brackets");
  return ProxyUrl{protocol, std::string(host), *port};
}

Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  constexpr std::string_view socks = "socks5://", http = "http://";
  const bool is_socks = text.starts_with(socks);
  if (!is_socks && !text.starts_with(http))
    return fail(Kind::Invalid, "must begin with \"socks5://\" or \"http://\"");
  text.remove_prefix(is_socks ? socks.size() : http.size());
  if (text.find('@') != text.npos)
    return fail(Kind::Invalid, "must hold neither user nor password: those have keys of their own");
  if (text.find_first_of("/?#") != text.npos)
    return fail(Kind::Invalid, "must end with the port: nothing stands behind it");
  return read_authority(is_socks ? ProxyProtocol::Socks5 : ProxyProtocol::HttpConnect, text);
}

} // namespace alk::config
