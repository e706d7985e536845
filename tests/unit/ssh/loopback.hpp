// A connected pair of TCP sockets on one loop: the far end is driven by blocking calls of another thread or
// by hand.
#pragma once

#include "base/fd.hpp"
#include "net/tcp_stream.hpp"

#include <memory>
#include <utility>

#include <asio/ip/tcp.hpp>

namespace alk::ssh {

inline std::pair<std::unique_ptr<net::Stream>, Fd> stream_and_descriptor(asio::io_context& loop) {
  asio::ip::tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket near(loop), far(loop);
  far.connect(acceptor.local_endpoint());
  acceptor.accept(near);
  return {std::make_unique<net::TcpStream>(std::move(near)), Fd(far.release())};
}

} // namespace alk::ssh
