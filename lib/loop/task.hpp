// Task<T> for headers that only name it: declared, not defined, so that nobody who reads them reads Asio. Who
// makes, awaits or destroys a task includes "loop/asio.hpp".
#pragma once

namespace asio {
class any_io_executor;
class io_context;
template <class T, class Executor>
class awaitable;
} // namespace asio

namespace alk {

template <class T = void>
using Task = asio::awaitable<T, asio::any_io_executor>;

} // namespace alk
