// A local TCP listener for the client's own doors (SOCKS5, forwards).
#pragma once

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"

#include <functional>
#include <memory>

#include <asio/ip/tcp.hpp>

namespace alk::net {

class Listener {
 public:
  // Binds; nobody can connect before run(). Errors: Conflict (in use), Denied (privileged port), Invalid (no
  // such address here), naming the address.
  static Result<std::unique_ptr<Listener>> bind(asio::io_context& loop, const Address& address);

  const Address& address() const { return address_; } // with the port that was chosen for 0

  using Take = std::function<void(std::unique_ptr<Stream> stream, const Address& peer)>;

  // Errors as bind().
  Result<void> listen();

  // Accepts until the task is cancelled or close() is called. No failure to accept ends it: without
  // descriptors it tries again a little later.
  Task<> run(Take take);
  void close();

 private:
  explicit Listener(asio::io_context& loop) : acceptor_(loop) {}
  asio::ip::tcp::acceptor acceptor_;
  Address address_;
};

} // namespace alk::net
