#include "net/forward_spec.hpp"

#include "base/text.hpp"
#include "net/resolver.hpp"

#include <optional>
#include <vector>

namespace alk::net {

namespace {

// At colons, but not inside brackets; nullopt for brackets that do not enclose a whole part.
std::optional<std::vector<std::string_view>> split_outside_brackets(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    if (text.starts_with('[')) {
      const auto close = text.find(']');
      if (close == text.npos) return std::nullopt;
      parts.push_back(text.substr(0, close + 1));
      text.remove_prefix(close + 1);
    } else {
      const auto part = text.substr(0, text.find(':'));
      if (part.find_first_of("[]") != part.npos) return std::nullopt;
      parts.push_back(part);
      text.remove_prefix(part.size());
    }
    if (text.empty()) return parts;
    if (text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
  }
}

// A name, an IPv4 address, or an IPv6 address in brackets; empty when it is none of them.
std::string host_of(std::string_view part) {
  if (part.starts_with('[')) {
    const auto inside = part.substr(1, part.size() - 2);
    const auto address = parse_address(inside, 0);
    return address && inside.find(':') != inside.npos ? std::string(inside) : std::string();
  }
  if (part.size() > host_limit || part.find_first_of(" \t\r\n/@") != part.npos) return {};
  return std::string(part);
}

std::uint16_t nonzero_port(std::string_view text) {
  return parse_port(text).value_or(0);
}

} // namespace

Result<HostPort> parse_server(std::string_view text, std::uint16_t default_port) {
  const auto wrong = [text] {
    return fail(Kind::Invalid, "not a server (host, host:port, [v6]:port): " + std::string(text));
  };
  if (const auto bare = parse_address(text, default_port)) return HostPort{std::string(text), default_port};
  const auto parts = split_outside_brackets(text);
  if (!parts || parts->size() > 2) return wrong();
  HostPort server{host_of(parts->front()), parts->size() == 2 ? nonzero_port(parts->back()) : default_port};
  if (server.host.empty() || server.port == 0) return wrong();
  return server;
}

Result<ForwardSpec> parse_forward(std::string_view text) {
  const auto wrong = [text](const char* what) {
    return fail(Kind::Invalid, std::string(what) + " in forward \"" + std::string(text) +
                                   "\" ([bind_addr:]bind_port:target_host:target_port)");
  };
  const auto parts = split_outside_brackets(text);
  if (!parts || parts->size() < 3 || parts->size() > 4) return wrong("wrong number of parts");
  const bool with_bind = parts->size() == 4;
  const auto port = parse_port((*parts)[with_bind ? 1 : 0]);
  if (!port) return wrong("bad bind port");
  std::string bind_host = with_bind ? host_of(parts->front()) : "127.0.0.1";
  if (bind_host == "localhost") bind_host = "127.0.0.1";
  const auto bind = parse_address(bind_host, *port);
  if (!bind) return wrong("the bind address is not an IP address");
  ForwardSpec spec{*bind, {host_of((*parts)[parts->size() - 2]), nonzero_port(parts->back())}};
  if (spec.target.host.empty()) return wrong("bad target host");
  if (spec.target.port == 0) return wrong("bad target port");
  return spec;
}

} // namespace alk::net
