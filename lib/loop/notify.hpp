// What we tell the service manager (sd_notify(3)); all of it is a no-op without NOTIFY_SOCKET.
#pragma once

#include "loop/asio.hpp"

#include <string_view>

namespace alk::loop {

void notify_ready(std::string_view status);
void notify_status(std::string_view status);
void notify_stopping();

// The service manager's descriptor store (FDSTORE=1, FileDescriptorStoreMax=): what is put there comes back
// through take_passed_descriptors() at the next start of the service, also after a crash, not after a stop.
// `name` without ':'. What hangs up is removed by the service manager itself.
bool descriptors_are_kept(); // by a service manager that starts services, and tells them so
void store_descriptor(std::string_view name, int descriptor);
void remove_stored(std::string_view name);
// Returns when the service manager has read everything above, or after `patience`.
void wait_for_notifications(std::chrono::milliseconds patience);

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
