#include "net/stream.hpp"

#include "loop/asio.hpp"

#include <memory>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>

namespace alk::net {

namespace {

using Clock = std::chrono::steady_clock;

// Outlives both the coroutine's frame and the stream's callback: a timer that has just fired may still be
// queued when the coroutine is gone.
struct Watch {
  explicit Watch(asio::any_io_executor executor) : timer(std::move(executor)) {}
  asio::steady_timer timer;
  bool over = false;
  bool timed_out = false;
};

// Adapts Stream::wait to a completion token and lets the task's own cancellation end the wait.
struct StartWait {
  Stream* stream;
  Direction direction;

  template <class Handler>
  void operator()(Handler handler) const {
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.assign(
          [stream = stream, direction = direction](asio::cancellation_type) { stream->cancel(direction); });
    auto shared = std::make_shared<Handler>(std::move(handler)); // std::function wants copies
    stream->wait(direction, [shared](std::error_code error) {
      if (auto slot = asio::get_associated_cancellation_slot(*shared); slot.is_connected()) slot.clear();
      std::move (*shared)(error);
    });
  }
};

Task<std::error_code> awaited(Stream& stream, Direction direction) {
  auto [error] = co_await asio::async_initiate<const decltype(loop::as_value), void(std::error_code)>(
      StartWait{&stream, direction}, loop::as_value);
  co_return error;
}

} // namespace

Task<bool> ready(Stream& stream, Direction direction) {
  co_return !co_await awaited(stream, direction);
}

Task<Wait> ready_until(Stream& stream, Direction direction, Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) {
    const bool fine = co_await ready(stream, direction);
    co_return fine ? Wait::Ready : Wait::Cancelled;
  }
  auto watch = std::make_shared<Watch>(co_await asio::this_coro::executor);
  watch->timer.expires_at(deadline);
  watch->timer.async_wait([watch, &stream, direction](std::error_code error) {
    if (error || watch->over) return;
    watch->timed_out = true;
    stream.cancel(direction);
  });
  const auto error = co_await awaited(stream, direction);
  watch->over = true;
  watch->timer.cancel();
  if (!error) co_return Wait::Ready;
  co_return watch->timed_out ? Wait::Timeout : Wait::Cancelled;
}

} // namespace alk::net
