#include "net/dialer.hpp"

#include "loop/asio.hpp"
#include "net/tcp_endpoint.hpp"
#include "net/tcp_stream.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

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
  if (error == std::errc::connection_refused) return DialFailure::Refused;
  if (error == std::errc::timed_out) return DialFailure::Timeout;
  for (auto local :
       {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
        std::errc::address_not_available, std::errc::no_buffer_space, std::errc::not_enough_memory})
    if (error == local) return DialFailure::Exhausted;
  return DialFailure::Unreachable;
}

std::error_code outcome_of(tcp::socket& socket) {
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
  return {number, std::system_category()};
}

// operation_in_progress: wait until it is writable, then outcome_of() tells. A target on this machine has
// answered before connect() comes back: asking at once saves it a turn of the loop.
std::error_code begin_connect(tcp::socket& socket, const tcp::endpoint& endpoint) {
  std::error_code error;
  socket.open(endpoint.protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (error) return error;
  if (::connect(socket.native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0)
    return {};
  if (errno != EINPROGRESS) return {errno, std::system_category()};
  pollfd asked{socket.native_handle(), POLLOUT, 0};
  if (::poll(&asked, 1, 0) == 1) return outcome_of(socket);
  return std::make_error_code(std::errc::operation_in_progress);
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
  std::error_code error = begin_connect(attempt->socket, endpoint_of(address));
  if (error == std::errc::operation_in_progress) {
    auto [woken] = co_await attempt->socket.async_wait(tcp::socket::wait_write, loop::as_value);
    error = woken ? woken : outcome_of(attempt->socket);
  }
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
