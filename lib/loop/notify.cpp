#include "loop/notify.hpp"

#include <cstdlib>
#include <string>

#include <systemd/sd-daemon.h>

namespace alk::loop {

void notify_ready(std::string_view status) {
  ::sd_notify(0, ("READY=1\nSTATUS=" + std::string(status)).c_str());
}

void notify_status(std::string_view status) {
  ::sd_notify(0, ("STATUS=" + std::string(status)).c_str());
}

void notify_stopping() {
  ::sd_notify(0, "STOPPING=1");
}

bool descriptors_are_kept() {
  return std::getenv("NOTIFY_SOCKET") != nullptr && std::getenv("INVOCATION_ID") != nullptr;
}

void store_descriptor(std::string_view name, int descriptor) {
  ::sd_pid_notify_with_fds(0, 0, ("FDSTORE=1\nFDNAME=" + std::string(name)).c_str(), &descriptor, 1);
}

void remove_stored(std::string_view name) {
  ::sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + std::string(name)).c_str());
}

void wait_for_notifications(std::chrono::milliseconds patience) {
  if (std::getenv("NOTIFY_SOCKET") == nullptr) return;
  ::sd_notify_barrier(0, static_cast<std::uint64_t>(patience.count()) * 1000);
}

Watchdog::Watchdog(asio::io_context& context) : timer_(context) {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
  interval_ = std::chrono::microseconds(microseconds / 2);
  beat();
}

void Watchdog::beat() {
  ::sd_notify(0, "WATCHDOG=1");
  timer_.expires_after(interval_);
  timer_.async_wait([this](std::error_code error) {
    if (!error) beat();
  });
}

} // namespace alk::loop
