// Owns everything of alknet-listend; members start in order and stop in reverse.
#pragma once

#include "auth_link.hpp"
#include "daemon/daemon.hpp"
#include "engine.hpp"
#include "listen_bus.hpp"
#include "reload.hpp"

#include <memory>

namespace alk::listend {

class Manager final : public daemon::Service {
 public:
  // Reads the configuration and the keys, takes the passed sockets, begins to serve. Errors as of
  // config::load, Reload and Engine::start; all problems of the configuration are in the text, one a line.
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);
  ~Manager() override = default;

  // SSH disconnect to every session, two seconds to drain, then the rest is cut.
  void stop(std::function<void()> stopped) override;

 private:
  Manager(daemon::Context& context, config::Static running);
  Result<void> begin(config::Configuration configuration);
  void watch_authority();
  void recheck_all();

  clients::AuthClient auth_;
  AuthLink link_;
  Engine engine_;
  Reload reload_;
  ListenBus bus_;
  bus::Connection& connection_;
  config::Static running_;
};

} // namespace alk::listend
