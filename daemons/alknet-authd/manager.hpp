// Owns what alknet-authd is made of: the keys in force, the open transaction, its expiry, and the face on the
// bus.
#pragma once

#include "alknet-authd/auth_bus.hpp"
#include "alknet-authd/transactions.hpp"
#include "daemon/daemon.hpp"

namespace alk::authd {

class Manager : public daemon::Service {
 public:
  // Reads configuration and keys; every problem is logged, one a line, and fails the start (Invalid). No keys
  // at all is a warning: alknet-listend then refuses everybody.
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);

  void stop(std::function<void()> stopped) override;

 private:
  Manager(asio::io_context& loop, Snapshot initial, Sources sources);
  void expire_later();

  Transactions transactions_;
  asio::steady_timer expiry_;
  AuthBus bus_; // refers to both
};

} // namespace alk::authd
