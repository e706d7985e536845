// Accepts on one passed descriptor, on the main loop, and hands the connections on. Running out of
// descriptors refuses new connections instead of spinning, is logged once, and ends by itself.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "connection_limiter.hpp"
#include "penalty_table.hpp"
#include "worker.hpp"

#include <functional>
#include <memory>

#include <asio/posix/stream_descriptor.hpp>

namespace alk::listend {

class Listener {
 public:
  // `socket` is a listening TCP socket. Invalid: it is not.
  static Result<std::unique_ptr<Listener>> make(asio::io_context& main, config::Listener settings, Fd socket,
                                                ConnectionLimiter& limiter, PenaltyTable& penalties,
                                                std::function<void(Arrival)> deliver);
  void start();
  void stop(); // closes our copy of the socket

  const config::Listener& settings() const { return settings_; }
  const std::string& address() const { return address_; } // ADDR:PORT as bound
  const Counts& counts() const { return counts_; }        // of the main loop

 private:
  Listener(asio::io_context& main, config::Listener settings, Fd socket, std::string address,
           ConnectionLimiter& limiter, PenaltyTable& penalties, std::function<void(Arrival)> deliver);
  void wait();
  void accept_some();
  bool accept_one();
  void refuse_for_want_of_descriptors();

  config::Listener settings_;
  std::string address_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer pause_;
  ConnectionLimiter& limiter_;
  PenaltyTable& penalties_;
  std::function<void(Arrival)> deliver_;
  Counts counts_;
  Fd reserve_; // given up for a moment to accept and refuse when no descriptor is left
  std::chrono::steady_clock::time_point next_complaint_{}; // before it, a shortage is not logged again
};

} // namespace alk::listend
