#include "net/dialer.hpp"

#include "net/tcp_endpoint.hpp"
#include "net/tcp_stream.hpp"

namespace alk::net {

namespace {

using asio::ip::tcp;

// Shared with the timer's callback, which may still be queued when the attempt is over.
struct Attempt {
  explicit Attempt(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}
  tcp::socket socket;
  asio::steady_timer timer;
  bool over = false;
  bool timed_out = false;
};

DialFailure failure_of(const std::error_code& error) {
  if (error == asio::error::connection_refused) return DialFailure::Refused;
  if (error == asio::error::timed_out) return DialFailure::Timeout;
  for (auto local :
       {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
        std::errc::address_not_available, std::errc::no_buffer_space, std::errc::not_enough_memory})
    if (error == local) return DialFailure::Exhausted;
  return DialFailure::Unreachable;
}

Task<Dialled> dial_one(Address address, std::chrono::milliseconds limit) {
  auto attempt = std::make_shared<Attempt>(co_await asio::this_coro::executor);
  attempt->timer.expires_after(limit);
  attempt->timer.async_wait([attempt](std::error_code error) {
    if (error || attempt->over) return;
    attempt->timed_out = true;
    std::error_code ignored;
    attempt->socket.close(ignored);
  });
  auto [error] = co_await attempt->socket.async_connect(endpoint_of(address), loop::as_value);
  attempt->over = true;
  attempt->timer.cancel();
  if (attempt->timed_out) co_return tl::make_unexpected(DialFailure::Timeout);
  if (error) co_return tl::make_unexpected(failure_of(error));
  co_return std::make_unique<TcpStream>(std::move(attempt->socket));
}

} // namespace

std::string_view dial_failure_text(DialFailure failure) {
  switch (failure) {
  case DialFailure::Refused: return "connection refused";
  case DialFailure::Unreachable: return "host unreachable";
  case DialFailure::Timeout: return "no answer in time";
  case DialFailure::Exhausted: return "out of descriptors or local ports";
  }
  return "failed";
}

Task<Dialled> DirectDialer::connect(std::vector<Address> addresses, std::chrono::milliseconds per_address) {
  auto failure = DialFailure::Unreachable;
  for (const Address& address : addresses) {
    auto dialled = co_await dial_one(address, per_address);
    if (dialled) co_return dialled;
    failure = dialled.error();
  }
  co_return tl::make_unexpected(failure);
}

} // namespace alk::net
