// The listening sockets of `alknet serve`: opened once, kept over restarts of the daemon that accepts on
// them.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

#include <sys/socket.h>

namespace alk::alknet {

struct Endpoint {
  ::sockaddr_storage address{};
  ::socklen_t size = 0;

  std::string text() const; // "127.0.0.1:8443", "[::1]:8443"
  std::string host() const; // "127.0.0.1", "::1"
  std::uint16_t port() const;
  bool wildcard() const; // 0.0.0.0 or ::
};

// "ADDR:PORT" or "[V6]:PORT"; ADDR is a literal or "localhost" (127.0.0.1), port 0 lets the kernel choose.
// Errors: Invalid.
Result<Endpoint> parse_endpoint(std::string_view text);

// A bound, listening, nonblocking TCP socket. Errors by errno, with the address in the text.
Result<Fd> open_listener(const Endpoint& endpoint);

// Where a socket listens in fact.
Result<Endpoint> local_endpoint(const Fd& socket);

} // namespace alk::alknet
