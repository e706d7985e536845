#include "serve_listen.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace alk::alknet {

namespace {

const ::sockaddr_in& v4(const Endpoint& endpoint) {
  return reinterpret_cast<const ::sockaddr_in&>(endpoint.address);
}

const ::sockaddr_in6& v6(const Endpoint& endpoint) {
  return reinterpret_cast<const ::sockaddr_in6&>(endpoint.address);
}

bool is_v6(const Endpoint& endpoint) {
  return endpoint.address.ss_family == AF_INET6;
}

Failure unusable(std::string_view text) {
  return fail(Kind::Invalid,
              "'" + std::string(text) + "' is not ADDR:PORT (an address literal or localhost)");
}

bool fill_v4(Endpoint& endpoint, const std::string& host, std::uint16_t port) {
  auto& address = reinterpret_cast<::sockaddr_in&>(endpoint.address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  endpoint.size = sizeof address;
  return ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1;
}

bool fill_v6(Endpoint& endpoint, const std::string& host, std::uint16_t port) {
  auto& address = reinterpret_cast<::sockaddr_in6&>(endpoint.address);
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  endpoint.size = sizeof address;
  return ::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) == 1;
}

} // namespace

std::string Endpoint::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_v6(*this)) {
    ::inet_ntop(AF_INET6, &v6(*this).sin6_addr, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET, &v4(*this).sin_addr, text, sizeof text);
  }
  return text;
}

std::uint16_t Endpoint::port() const {
  return ntohs(is_v6(*this) ? v6(*this).sin6_port : v4(*this).sin_port);
}

std::string Endpoint::text() const {
  std::string name = is_v6(*this) ? "[" + host() + "]" : host();
  return name + ":" + std::to_string(port());
}

bool Endpoint::wildcard() const {
  if (is_v6(*this)) return IN6_IS_ADDR_UNSPECIFIED(&v6(*this).sin6_addr);
  return v4(*this).sin_addr.s_addr == htonl(INADDR_ANY);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return unusable(text);
  auto port = parse_port(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (!port) return unusable(text);
  Endpoint endpoint;
  bool understood = false;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    understood = fill_v6(endpoint, host.substr(1, host.size() - 2), *port);
  } else {
    understood = fill_v4(endpoint, host == "localhost" ? "127.0.0.1" : host, *port);
  }
  if (!understood) return unusable(text);
  return endpoint;
}

Result<Fd> open_listener(const Endpoint& endpoint) {
  std::string doing = "listening on " + endpoint.text();
  Fd socket(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, doing);
  int on = 1;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return fail_errno(errno, doing);
  const auto* address = reinterpret_cast<const ::sockaddr*>(&endpoint.address);
  if (::bind(socket.get(), address, endpoint.size) != 0) return fail_errno(errno, doing);
  if (::listen(socket.get(), SOMAXCONN) != 0) return fail_errno(errno, doing);
  return socket;
}

Result<Endpoint> local_endpoint(const Fd& socket) {
  Endpoint endpoint;
  endpoint.size = sizeof endpoint.address;
  if (::getsockname(socket.get(), reinterpret_cast<::sockaddr*>(&endpoint.address), &endpoint.size) != 0)
    return fail_errno(errno, "reading a listening address");
  return endpoint;
}

} // namespace alk::alknet
