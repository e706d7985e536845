#include "net/linger.hpp"

#include "loop/asio.hpp"

#include <array>

namespace alk::net {

namespace {
class Linger : public std::enable_shared_from_this<Linger> {
 public:
  Linger(asio::io_context& loop, std::unique_ptr<Stream> stream) : stream_(std::move(stream)), timer_(loop) {}

  void start(std::chrono::milliseconds deadline) {
    stream_->shutdown_write();
    timer_.expires_after(deadline);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
      if (!error) self->stream_->close();
    });
    discard();
  }

 private:
  void discard() {
    std::array<std::byte, 16384> waste;
    // A peer that keeps sending is read for one buffer at a time, so that the loop's other work has its turn.
    Transfer moved = stream_->read(waste);
    if (moved.state == Transfer::State::End || moved.state == Transfer::State::Failed) return finish();
    stream_->wait(Direction::Read, [self = shared_from_this()](std::error_code error) {
      if (error) return self->finish();
      self->discard();
    });
  }

  void finish() {
    stream_->close();
    timer_.cancel();
  }

  std::unique_ptr<Stream> stream_;
  asio::steady_timer timer_;
};
} // namespace

void close_lingering(asio::io_context& loop, std::unique_ptr<Stream> stream,
                     std::chrono::milliseconds deadline) {
  std::make_shared<Linger>(loop, std::move(stream))->start(deadline);
}

} // namespace alk::net
