// Owns what alknet-stored is made of: the storage with its threads, and the face on the bus.
#pragma once

#include "alknet-stored/store_bus.hpp"
#include "daemon/daemon.hpp"

namespace alk::stored {

class Manager : public daemon::Service {
 public:
  // The databases are in $STATE_DIRECTORY (systemd's StateDirectory=, or `alknet serve`). Errors: Invalid
  // (there is none), Unsupported (a newer release wrote them), Broken (damaged).
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);

  // Answers what was accepted, then ends.
  void stop(std::function<void()> stopped) override;

 private:
  explicit Manager(std::unique_ptr<Store> store);

  std::unique_ptr<Store> store_;
  StoreBus bus_; // refers to it
};

} // namespace alk::stored
