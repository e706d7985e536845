// The part of Asio that this project uses, included from .cpp files and the few headers that hold Asio
// objects.
#pragma once

#include "loop/task.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace alk::loop {

// Asio errors as values: auto [error, n] = co_await socket.async_receive(buffer, loop::as_value);
inline constexpr asio::experimental::as_tuple_t<asio::use_awaitable_t<>> as_value(asio::use_awaitable);

} // namespace alk::loop
