// The process of an engine: how the supervisor starts it, and what it runs.
#pragma once

#include "base/result.hpp"
#include "loop/asio.hpp"

#include <string>

#include <asio/signal_set.hpp>
#include <sys/types.h>

namespace alk::listend {

inline constexpr const char* engine_option = "--engine"; // first argument, for the supervisor's use alone
inline constexpr int engine_control_descriptor = 3;

// This very program once more, as an engine, even when its file was replaced meanwhile. Errors: by errno.
Result<::pid_t> spawn_engine(int control, const std::string& bus_address);

// Buries the engines that were started here; says how one ended that did not end by itself.
class EngineReaper {
 public:
  explicit EngineReaper(asio::io_context& loop);

 private:
  void wait();
  asio::signal_set deaths_;
};

// The main of that process: serves its control socket until it is told to stop. Exit code.
int run_engine(int argc, char** argv);

} // namespace alk::listend
