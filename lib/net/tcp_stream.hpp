// A connected TCP socket as a Stream.
#pragma once

#include "net/stream.hpp"

#include <asio/cancellation_signal.hpp>
#include <asio/ip/tcp.hpp>

namespace alk::net {

class TcpStream final : public Stream {
 public:
  // Makes the socket nonblocking and sets TCP_NODELAY (without it every small SSH packet may wait 40 ms for
  // an acknowledgement).
  explicit TcpStream(asio::ip::tcp::socket socket);
  ~TcpStream() override; // close()

  Transfer read(std::span<std::byte> into) override;
  Transfer write(std::span<const std::byte> from) override;
  void wait(Direction direction, std::function<void(std::error_code)> ready) override;
  void cancel(Direction direction) override;
  void shutdown_write() override;
  void close() override;
  std::size_t waiting() const override;
  std::string_view kind() const override { return "tcp"; }

  asio::any_io_executor executor() { return socket_.get_executor(); }
  int native_handle() { return socket_.native_handle(); } // -1 after close()
  bool is_open() const { return socket_.is_open(); }

 private:
  Transfer failed(int number);

  asio::ip::tcp::socket socket_;
  asio::cancellation_signal cancels_[2]; // by Direction
};

} // namespace alk::net
