// Owns what alknet-authd is made of: the keys in force, the open transaction, its expiry, and the face on the
// bus.
#pragma once

#include "alknet-authd/auth_bus.hpp"
#include "alknet-authd/transactions.hpp"
#include "daemon/committed_store.hpp"
#include "daemon/daemon.hpp"
#include "loop/asio.hpp"

namespace alk::authd {

class Manager : public daemon::Service {
 public:
  // After a crash: what was in force. Else reads configuration and keys; every problem is logged, one a line,
  // and fails the start (Invalid). No keys at all is a warning: alknet-listend then refuses everybody.
  static Result<std::unique_ptr<daemon::Service>> start(daemon::Context& context);

  void stop(std::function<void()> stopped) override;
  // Only what a later start can read from the disk is given up: without authd nobody logs in.
  void stop_asked() override;
  std::string status() const override;

 private:
  Manager(asio::io_context& loop, bus::Connection& bus, daemon::CommittedStore store, Snapshot initial,
          Sources sources, bool recovered);
  Accounts::Store make_store();
  void expire_later();
  void tick_accounts();
  void accounts_changed();
  void pause_announcements();

  daemon::CommittedStore store_;
  Sources disk_;
  const bool recovered_; // this process began with what an earlier one had in force
  Transactions transactions_;
  asio::steady_timer expiry_;
  clients::AccountClient store_client_;
  Accounts accounts_;
  asio::steady_timer accounts_tick_;
  asio::steady_timer announce_pause_;
  bool announced_ = false; // a moment ago
  bool announce_again_ = false;
  AuthBus bus_; // refers to all of them
};

} // namespace alk::authd
