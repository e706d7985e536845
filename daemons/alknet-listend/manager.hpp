// The supervisor of alknet-listend: bus name, configuration, listening sockets, and one engine per generation
// that does the work. Members start in order and stop in reverse.
#pragma once

#include "daemon/daemon.hpp"
#include "listen_bus.hpp"
#include "reload.hpp"
#include "supervisor/engine_process.hpp"
#include "supervisor/fleet.hpp"
#include "supervisor/generation_store.hpp"
#include "supervisor/job_type.hpp"
#include "supervisor/metric_book.hpp"

#include <memory>

namespace alk::listend {

class Manager final : public daemon::Service {
 public:
  // Reads the configuration and the keys, takes the passed sockets, starts an engine and returns when it
  // accepts. Errors as of config::load, Reload and Fleet::launch; all problems of the configuration are in
  // the text, one a line.
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);
  ~Manager() override = default;

  // For a restart: leaves the engines to the next supervisor. Else: SSH disconnect to every session of every
  // generation, two seconds to drain, then the rest is cut.
  void stop(std::function<void()> stopped) override;
  void stop_asked() override { reload_.forget(); }
  std::string status() const override;

 private:
  explicit Manager(daemon::Context& context);
  Result<void> begin(std::vector<loop::PassedDescriptor>& passed);
  Result<void> settle();
  Result<void> launch();
  void log_listeners() const;
  void adopt(std::vector<loop::PassedDescriptor> passed);
  void note_gone(Generation& generation);
  void stop_engines(std::function<void()> stopped);
  Task<> leave_or_stop(std::function<void()> stopped);

  asio::io_context& loop_;
  bus::Connection& connection_;
  clients::AuthClient auth_;
  EngineReaper reaper_;
  MetricBook book_;
  Fleet fleet_;
  Reload reload_;
  ListenBus bus_;
  GenerationStore store_;
  loop::TaskGroup tasks_;
};

} // namespace alk::listend
