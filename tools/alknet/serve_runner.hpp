// Carries out what Supervision decides: processes, timers, signals, output.
#pragma once

#include "line_buffer.hpp"
#include "loop/signals.hpp"
#include "serve_reload.hpp"
#include "serve_setup.hpp"
#include "supervision.hpp"

#include <array>
#include <memory>
#include <vector>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

namespace alk::alknet {

class ServeRunner {
 public:
  explicit ServeRunner(ServeSetup setup);
  ServeRunner(const ServeRunner&) = delete;
  ServeRunner& operator=(const ServeRunner&) = delete;

  // Until a signal (Result is empty) or until something failed for good.
  Result<void> run();

 private:
  struct Child {
    Child(asio::io_context& loop, ProcessSpec spec) : spec(std::move(spec)), output(loop), timer(loop) {}
    ProcessSpec spec;
    ::pid_t pid = -1; // -1: not running
    asio::posix::stream_descriptor output;
    LineBuffer lines;
    std::array<char, 4096> chunk{};
    asio::steady_timer timer;
  };

  void apply(const Actions& actions);
  void perform(const Action& action);
  void start(std::size_t index);
  void arm(std::size_t index, Clock::duration after);
  void read_output(Child& child);
  void show(const Child& child, std::string_view text);
  void drain_output(Child& child);
  void wait_for_deaths();
  void reap();
  void buried(std::size_t index, int status);
  void wait_for_readiness();
  void wait_for_hangup();
  void announce();

  asio::io_context loop_{1};
  ServeSetup setup_;
  Supervision supervision_;
  std::vector<std::unique_ptr<Child>> children_; // as in setup_.children
  asio::posix::stream_descriptor notify_;
  asio::signal_set deaths_;
  asio::signal_set hangups_;
  Reloader reloader_;
  loop::StopSignals stop_signals_;
};

} // namespace alk::alknet
