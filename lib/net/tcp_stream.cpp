#include "net/tcp_stream.hpp"

#include "loop/asio.hpp"

#include <cerrno>

#include <asio/bind_cancellation_slot.hpp>
#include <sys/socket.h>

namespace alk::net {

static bool means_again(int number) {
  return number == EAGAIN || number == EWOULDBLOCK || number == EINTR;
}

TcpStream::TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
  // Both may fail on a socket that the peer has reset already: the first read will say so.
  std::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

TcpStream::~TcpStream() {
  close();
}

Transfer TcpStream::failed(int number) {
  if (means_again(number)) return {Transfer::State::Again, 0, {}};
  return {Transfer::State::Failed, 0, std::error_code(number, std::system_category())};
}

Transfer TcpStream::read(std::span<std::byte> into) {
  if (into.empty()) return {Transfer::State::Again, 0, {}};
  const auto count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
  if (count < 0) return failed(errno);
  if (count == 0) return {Transfer::State::End, 0, {}};
  return {Transfer::State::Done,
          static_cast<std::size_t>(count),
          {},
          static_cast<std::size_t>(count) < into.size()};
}

Transfer TcpStream::write(std::span<const std::byte> from) {
  if (from.empty()) return {Transfer::State::Again, 0, {}};
  const auto count = ::send(socket_.native_handle(), from.data(), from.size(), MSG_NOSIGNAL);
  if (count < 0) return failed(errno);
  return {Transfer::State::Done, static_cast<std::size_t>(count), {}};
}

void TcpStream::wait(Direction direction, std::function<void(std::error_code)> ready) {
  const auto what =
      direction == Direction::Read ? asio::socket_base::wait_read : asio::socket_base::wait_write;
  auto slot = cancels_[static_cast<int>(direction)].slot();
  socket_.async_wait(what, asio::bind_cancellation_slot(slot, std::move(ready)));
}

void TcpStream::cancel(Direction direction) {
  cancels_[static_cast<int>(direction)].emit(asio::cancellation_type::terminal);
}

std::size_t TcpStream::waiting() const {
  std::error_code ignored;
  return socket_.available(ignored);
}

void TcpStream::shutdown_write() {
  std::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void TcpStream::close() {
  std::error_code ignored;
  socket_.close(ignored);
}

} // namespace alk::net
