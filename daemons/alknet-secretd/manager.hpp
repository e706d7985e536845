// Owns what alknet-secretd is made of: the locked memory, what is in it, its expiry, and the face on the bus.
#pragma once

#include "alknet-secretd/secret_bus.hpp"
#include "daemon/daemon.hpp"
#include "loop/asio.hpp"

namespace alk::secretd {

class Manager : public daemon::Service {
 public:
  // Denied without locked memory. Starts locked; an enrolled credential (unlock) opens it, and one that does
  // not is logged and leaves it locked.
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);

  void stop(std::function<void()> stopped) override;
  std::string status() const override;

 private:
  Manager(asio::io_context& loop, std::unique_ptr<Arena> arena, std::string configuration, bool unattended);
  void unlock_unattended(const std::string& credential);
  void sweep_later();

  std::unique_ptr<Arena> arena_;
  Vault vault_;           // in the arena
  PreparedKeys prepared_; // too
  const std::string configuration_;
  asio::steady_timer sweep_;
  SecretBus bus_; // refers to all of them
};

} // namespace alk::secretd
