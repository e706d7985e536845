// Orderly stop on SIGTERM or SIGINT; the second signal ends the process at once (exit code 1). SIGPIPE is
// ignored.
#pragma once

#include "loop/asio.hpp"

#include <functional>

#include <asio/signal_set.hpp>

namespace alk::loop {

class StopSignals {
 public:
  StopSignals(asio::io_context& context, std::function<void(int signal)> stop);

 private:
  void wait();
  asio::signal_set signals_;
  std::function<void(int)> stop_;
};

} // namespace alk::loop
