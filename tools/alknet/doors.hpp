// Where local programs come in: the SOCKS5 listener, which understands HTTP CONNECT as well, and the local
// forwards. Each connection becomes one channel.
#pragma once

#include "loop/task_group.hpp"
#include "net/forward_spec.hpp"
#include "net/http_connect.hpp"
#include "net/listener.hpp"
#include "net/socks5.hpp"
#include "ssh/client_session.hpp"
#include "tunnel.hpp"

#include <memory>
#include <vector>

namespace alk::alknet {

// The finest SOCKS5 code for what is known (RFC 1928 section 6).
net::SocksReply socks_code(ssh::OpenFailure failure);

class Doors {
 public:
  Doors(asio::io_context& loop, Tunnel& tunnel);

  // Binds all of them; nobody can connect yet.
  Result<void> bind(const net::Address& socks5, const std::vector<net::ForwardSpec>& forwards);
  // Lets connections in. The session must be up.
  Result<void> open();
  // No more connections; those that are not spliced yet end.
  void close(std::function<void()> done);

  const net::Address& socks5_address() const { return socks5_->address(); }
  std::vector<net::Address> forward_addresses() const;

 private:
  struct Forward {
    std::unique_ptr<net::Listener> listener;
    net::HostPort target;
  };
  Task<> serve_socks(std::unique_ptr<net::Stream> stream);
  Task<bool> negotiate(net::Stream& stream, net::ProxyRequest& request);
  Task<> serve_forward(std::unique_ptr<net::Stream> stream, net::HostPort target, net::Address peer);

  asio::io_context& loop_;
  Tunnel& tunnel_;
  std::unique_ptr<net::Listener> socks5_;
  std::vector<Forward> forwards_;
  loop::TaskGroup tasks_;
};

} // namespace alk::alknet
