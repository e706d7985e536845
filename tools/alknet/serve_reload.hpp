// SIGHUP for `alknet serve`: the same reload as `alknetctl reload`, over the bus.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>

namespace alk::alknet {

// The lines that tell people what a reload did, or why it failed.
std::vector<std::string> reload_over_bus(const std::string& bus_address);

// Runs it in a thread of its own, so that supervision goes on while authd and listend agree (30 s at the
// most).
class Reloader {
 public:
  Reloader(asio::io_context& loop, std::string bus_address, std::function<void(const std::string&)> say);
  ~Reloader(); // waits for the reload that runs
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // A request during a reload starts one more when that has ended.
  void request();

 private:
  void finished(const std::vector<std::string>& lines);

  asio::io_context& loop_;
  std::string bus_address_;
  std::function<void(const std::string&)> say_;
  std::thread worker_;
  bool running_ = false;
  bool again_ = false;
};

} // namespace alk::alknet
