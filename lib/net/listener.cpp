#include "net/listener.hpp"

#include "loop/asio.hpp"
#include "net/tcp_endpoint.hpp"
#include "net/tcp_stream.hpp"

#include <asio/ip/v6_only.hpp>

namespace alk::net {

namespace {
using asio::ip::tcp;

// Before accepting again when the machine has run out of something.
constexpr std::chrono::milliseconds pause_when_exhausted{100};

Failure listen_failed(const Address& address, const std::error_code& error) {
  Kind kind = Kind::Invalid;
  if (error == asio::error::address_in_use) kind = Kind::Conflict;
  if (error == asio::error::access_denied) kind = Kind::Denied;
  return fail(kind, "cannot listen on " + address.text() + ": " + error.message());
}
} // namespace

Result<std::unique_ptr<Listener>> Listener::bind(asio::io_context& loop, const Address& address) {
  std::unique_ptr<Listener> listener(new Listener(loop));
  tcp::acceptor& acceptor = listener->acceptor_;
  std::error_code error;
  acceptor.open(address.size == 4 ? tcp::v4() : tcp::v6(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && address.size == 16) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint_of(address), error);
  if (error) return listen_failed(address, error);
  listener->address_ = address_of(acceptor.local_endpoint(error));
  if (error) return listen_failed(address, error);
  return listener;
}

Result<void> Listener::listen() {
  std::error_code error;
  acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return listen_failed(address_, error);
  return {};
}

Task<> Listener::run(Take take) {
  asio::steady_timer timer(acceptor_.get_executor());
  while (acceptor_.is_open()) {
    tcp::endpoint peer;
    auto [error, socket] = co_await acceptor_.async_accept(peer, loop::as_value);
    if (error == asio::error::operation_aborted) co_return;
    if (!error) {
      take(std::make_unique<TcpStream>(std::move(socket)), address_of(peer));
      continue;
    }
    // A connection that was reset in the queue needs no pause; everything else gets one.
    if (error == asio::error::connection_aborted) continue;
    timer.expires_after(pause_when_exhausted);
    auto [stopped] = co_await timer.async_wait(loop::as_value);
    if (stopped) co_return;
  }
}

void Listener::close() {
  std::error_code ignored;
  acceptor_.close(ignored);
}

} // namespace alk::net
