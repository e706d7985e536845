// Two ends of one D-Bus connection without a bus daemon, on one loop.
#pragma once

#include "bus/object.hpp"

#include <chrono>

namespace alk::bus::test {

inline constexpr const char* path = "/org/alknet/Test1";
inline constexpr Destination target{nullptr, path, "org.alknet.Test1"};

struct Pair {
  explicit Pair(asio::io_context& loop);
  std::unique_ptr<Connection> server;
  std::unique_ptr<Connection> client;
};

// Runs the loop until `done` or the deadline of the test; false then.
bool run_until(asio::io_context& loop, const std::function<bool()>& done);

} // namespace alk::bus::test
