#include "loop/signals.hpp"

#include <csignal>

#include <unistd.h>

namespace alk::loop {

StopSignals::StopSignals(asio::io_context& context, std::function<void(int)> stop)
    : signals_(context, SIGTERM, SIGINT), stop_(std::move(stop)) {
  std::signal(SIGPIPE, SIG_IGN);
  wait();
}

void StopSignals::wait() {
  signals_.async_wait([this](std::error_code error, int signal) {
    if (error) return;
    if (!stop_) ::_exit(1);
    wait();
    std::exchange(stop_, nullptr)(signal);
  });
}

} // namespace alk::loop
