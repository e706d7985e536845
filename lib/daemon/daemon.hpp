// The common main of the daemons: options, confinement, log, loop, bus, readiness, watchdog, orderly stop,
// exit code.
//
// Exit codes: 0 stopped on request, 1 failed or lost the bus (the service manager starts it anew), 2 wrong
// usage.
#pragma once

#include "bus/connection.hpp"
#include "bus/object.hpp"
#include "daemon/options.hpp"
#include "loop/activation.hpp"

#include <functional>
#include <memory>
#include <string>

namespace alk::daemon {

// A stop that takes longer than this is cut: longer than two seconds of draining, shorter than the unit's
// patience.
inline constexpr std::chrono::seconds max_stop_time{10};

// What a daemon's manager is to this room. Its destructor runs after stop() has finished, on the loop's
// thread.
class Service {
 public:
  virtual ~Service() = default;
  // Begin the orderly stop; call `stopped` once when nothing is left to wait for (at once is fine). The bus
  // name is already given up, the bus still works.
  virtual void stop(std::function<void()> stopped) = 0;
  // Called before stop() when somebody asked for the end (SIGTERM, SIGINT): what is kept for a start after a
  // crash is not for the next one.
  virtual void stop_asked() {}
  // One line for the service manager's status display.
  virtual std::string status() const { return "running"; }
};

struct Description {
  const char* program;  // "alknet-authd": SYSLOG_IDENTIFIER and what --help calls it
  const char* bus_name; // "org.alknet.Auth1"; requested when the service has started
  // The interface with handlers that will never run: for --bus-introspect.
  std::function<bus::Interface()> interface;
  // What the loss of the bus means: the end (the service manager starts the daemon anew), or a pause for one
  // that holds what must not be dropped, such as live sessions.
  enum class BusLoss { End, ComeBack } bus_loss = BusLoss::End;
};

// What a starting service gets. All of it outlives the service.
struct Context {
  asio::io_context& loop;
  bus::Connection& bus;
  const Options& options;
  // Sockets, and what an earlier start left with the service manager; whoever knows a name takes it out.
  std::vector<loop::PassedDescriptor>& passed;
  // Ends the daemon in order, with exit code 1. Callable from any thread.
  std::function<void(std::string reason)> give_up;
};

// Builds the service and exports its objects. What it returns is running; the name and READY=1 follow.
using Start = std::function<Result<std::unique_ptr<Service>>(Context&)>;

// The whole of main.
int run(int argc, char** argv, const Description& description, const Start& start);

} // namespace alk::daemon
