// The supervisor of alknet-listend: bus name, configuration, listening sockets, and one engine per generation
// that does the work. Members start in order and stop in reverse.
#pragma once

#include "daemon/daemon.hpp"
#include "listen_bus.hpp"
#include "reload.hpp"
#include "supervisor/engine_process.hpp"
#include "supervisor/fleet.hpp"

#include <memory>

namespace alk::listend {

class Manager final : public daemon::Service {
 public:
  // Reads the configuration and the keys, takes the passed sockets, starts an engine and returns when it
  // accepts. Errors as of config::load, Reload and Fleet::launch; all problems of the configuration are in
  // the text, one a line.
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);
  ~Manager() override = default;

  // SSH disconnect to every session of every generation, two seconds to drain, then the rest is cut.
  void stop(std::function<void()> stopped) override;

 private:
  explicit Manager(daemon::Context& context);
  Result<void> begin();
  Result<void> launch();
  void log_listeners() const;

  asio::io_context& loop_;
  bus::Connection& connection_;
  clients::AuthClient auth_;
  EngineReaper reaper_;
  Fleet fleet_;
  Reload reload_;
  ListenBus bus_;
};

} // namespace alk::listend
