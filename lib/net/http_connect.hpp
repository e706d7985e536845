// HTTP CONNECT, proxy role (RFC 9110 section 9.3.6, RFC 9112 section 3.2.3), without I/O: the head of one
// request in, the target out. Other methods are refused: this is a way into the tunnel, no web proxy.
#pragma once

#include "net/socks5.hpp"

#include <string>
#include <string_view>

namespace alk::net {

// Request line and fields together; curl and browsers send a few hundred bytes.
inline constexpr std::size_t http_connect_limit = 8 * 1024;

// The answer that means the same as a SOCKS5 code: 200, 403 for NotAllowed, 502 for the rest.
std::string http_connect_reply(SocksReply reply);

class HttpConnect {
 public:
  using State = Socks5::State;

  // As Socks5::feed.
  State feed(std::string_view bytes);
  std::string take_output() { return std::move(output_); }
  const SocksTarget& target() const { return target_; }
  std::string take_rest() { return std::move(input_); }

 private:
  State read_head(std::string_view head);
  State refuse(std::string_view status);

  std::string input_;
  std::string output_;
  SocksTarget target_;
  State state_ = State::NeedMore;
};

// One listener for both: the first byte decides. 5 is SOCKS5, a capital letter HTTP, anything else is closed
// silently.
class ProxyRequest {
 public:
  using State = Socks5::State;

  State feed(std::string_view bytes);
  std::string take_output() { return http_ ? http_connect_.take_output() : socks5_.take_output(); }
  const SocksTarget& target() const { return http_ ? http_connect_.target() : socks5_.target(); }
  std::string take_rest() { return http_ ? http_connect_.take_rest() : socks5_.take_rest(); }
  // What to send once it is known what became of the request.
  std::string reply(SocksReply reply) const { return http_ ? http_connect_reply(reply) : socks_reply(reply); }

 private:
  Socks5 socks5_;
  HttpConnect http_connect_;
  bool begun_ = false;
  bool http_ = false;
};

} // namespace alk::net
