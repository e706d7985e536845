// Asks a proxy for a connection to a target, on a stream that has just been connected to it.
#pragma once

#include "net/forward_spec.hpp"
#include "net/stream.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace alk::net {

// Why there is no connection (network.md 4.6).
enum class ProxyFailure {
  Timeout,    // the proxy did not answer in time
  Ended,      // it closed, or the connection to it broke
  Malformed,  // what it says is not its protocol
  Login,      // it does not take the user and password, or wants some
  NoPassword, // it wants the password, which is not there (any more) or which the protocol cannot carry
  Forbidden,  // it does not want to
  Target,     // it could not reach the target
};

// One word or two for the log; names no destination.
std::string_view proxy_failure_text(ProxyFailure failure);

struct ProxyLogin {
  std::string user;
  // The password as it is at this moment; it is sent at once or not at all, and nothing of it is kept over a
  // wait.
  std::function<std::optional<std::string_view>()> password;
};

struct ProxyTarget {
  HostPort place;                  // a name stays one; letters, digits and ".-_:"
  std::optional<ProxyLogin> login; // nullopt: as nobody
};

using Proxied = tl::expected<std::unique_ptr<Stream>, ProxyFailure>;
using Deadline = std::chrono::steady_clock::time_point;

// Give the stream back once the target is at its other end, what the target has sent already included.
Task<Proxied> connect_by_socks5(std::unique_ptr<Stream> proxy, ProxyTarget target, Deadline deadline);
Task<Proxied> connect_by_http(std::unique_ptr<Stream> proxy, ProxyTarget target, Deadline deadline);

} // namespace alk::net
