// A coroutine of any loop waits for work that a callback finishes on the bus' loop. Messages of sd-bus count
// their references without locks: they are made, read and dropped there, and only plain values cross.
#pragma once

#include "base/result.hpp"
#include "loop/asio.hpp"

#include <functional>
#include <memory>
#include <optional>

#include <asio/any_io_executor.hpp>

namespace alk::clients {

template <class T>
using Done = std::function<void(Result<T>)>;

namespace detail {
template <class T>
struct Hop {
  explicit Hop(const asio::any_io_executor& home)
      : wake(home, std::chrono::steady_clock::time_point::max()) {}
  asio::steady_timer wake;
  std::optional<Result<T>> result;
};
} // namespace detail

// Runs `start` on `bus_loop`; it must see to it that its argument is called once, with a deadline of its own.
// Gone when the waiting task is cancelled.
template <class T>
Task<Result<T>> on_bus(asio::io_context& bus_loop, std::function<void(Done<T>)> start) {
  auto home = co_await asio::this_coro::executor;
  auto hop = std::make_shared<detail::Hop<T>>(home);
  // The wait owns itself: when its task is gone, so is the loop perhaps, and the answer is dropped.
  asio::post(bus_loop, [weak = std::weak_ptr(hop), home, start = std::move(start)] {
    start([weak, home](Result<T> result) {
      auto waiting = weak.lock();
      if (!waiting) return;
      auto shared = std::make_shared<Result<T>>(std::move(result));
      asio::post(home, [waiting = std::move(waiting), shared] {
        waiting->result = std::move(*shared);
        waiting->wake.cancel();
      });
    });
  });
  co_await hop->wake.async_wait(loop::as_value);
  if (!hop->result) co_return fail(Kind::Gone, "the wait for an answer was cancelled");
  co_return std::move(*hop->result);
}

} // namespace alk::clients
