// What we tell the service manager (sd_notify(3)); all of it is a no-op without NOTIFY_SOCKET.
#pragma once

#include "loop/asio.hpp"

#include <string_view>

namespace alk::loop {

void notify_ready(std::string_view status);
void notify_status(std::string_view status);
void notify_stopping();

// Beats the watchdog at half of WATCHDOG_USEC for as long as it lives; inert when the unit sets none.
class Watchdog {
 public:
  explicit Watchdog(asio::io_context& context);

 private:
  void beat();
  asio::steady_timer timer_;
  std::chrono::microseconds interval_{0};
};

} // namespace alk::loop
