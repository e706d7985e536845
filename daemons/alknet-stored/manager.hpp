// Owns what alknet-stored is made of: the storage with its threads, and the face on the bus.
#pragma once

#include "alknet-stored/anchors.hpp"
#include "alknet-stored/faults.hpp"
#include "alknet-stored/housekeeping.hpp"
#include "alknet-stored/store_bus.hpp"
#include "clients/secret_watch.hpp"
#include "daemon/daemon.hpp"

namespace alk::stored {

class Manager : public daemon::Service {
 public:
  // The databases are in $STATE_DIRECTORY (systemd's StateDirectory=, or `alknet serve`), unless [storage]
  // names a server. Errors: Invalid (there is none, or the configuration), Unsupported (a newer release wrote
  // them, or the server's module is missing), Broken (damaged), Busy (the server does not answer).
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);

  // Answers what was accepted, then ends.
  void stop(std::function<void()> stopped) override;

 private:
  Manager(daemon::Context& context, std::unique_ptr<Store> store, std::string engine);

  void watch();
  void watch_signer();
  void sign(pubkey::Anchor head, std::chrono::milliseconds patience, Anchors::Done done);

  Faults faults_;
  std::unique_ptr<Store> store_;
  Housekeeping housekeeping_; // this and all below refer to it
  clients::SecretWatch secrets_;
  Anchors anchors_;
  StoreBus bus_;
  bool deaf_ = false; // to what other programs change in the same database
};

} // namespace alk::stored
