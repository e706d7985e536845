// The engine: listeners, one worker per core, live sessions. It knows neither bus nor supervisor: whoever
// owns it asks on the main loop.
#pragma once

#include "identity_ledger.hpp"
#include "listener.hpp"
#include "log/complaints.hpp"
#include "loop/activation.hpp"
#include "loop/pool.hpp"
#include "net/dialer.hpp"
#include "net/resolver.hpp"
#include "session_table.hpp"
#include "worker.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace alk::listend {

struct EngineSetup {
  config::Static fixed;
  SettingsPtr settings;
  SecretBytes host_key; // OpenSSH private key text; empty: it comes later (set_host_key)
  std::vector<loop::PassedDescriptor> sockets;
  unsigned loops = 1;
  std::uint64_t first_session = 1; // id of the first session; the others follow
};

class Engine final : private Hub {
 public:
  struct Callbacks {
    std::function<void(const LiveSession&)> session_opened;
    std::function<void(const LiveSession&)> session_closed;
    // Somebody ended without a login while this engine accepts no longer: another one refuses.
    std::function<void(const config::IpAddress&, Offence)> offended;
  };

  Engine(asio::io_context& main, Authority& authority, Callbacks callbacks);
  ~Engine() override;

  // Matches descriptors to listeners by name and begins to accept. Errors: Invalid (a descriptor without a
  // listener, a bad host key), Broken.
  Result<void> start(EngineSetup setup);

  // For handshakes from now on; sessions go on with the one that they began with. Invalid: no such key, what
  // was there stays.
  Result<void> set_host_key(const SecretBytes& text);
  // From now on SSH is answered by silence and the end of the connection.
  void drop_host_key();

  // For channels from now on; nullptr: those that need one are refused.
  void set_proxy_password(ProxyPasswordPtr password);

  // The settings and the password that goes with them; `done` on the main loop once every loop decides by
  // them.
  void apply(SettingsPtr settings, ProxyPasswordPtr password, std::function<void()> done);

  const SessionTable& sessions() const { return sessions_; }
  bool disconnect(std::uint64_t session, const std::string& text);
  // Verdicts that are under way or remembered no longer count by themselves. Before end_revoked().
  void identities_changed() { authority_epoch_.fetch_add(1); }
  void end_revoked(const std::vector<std::string>& credentials); // LiveSession::credential()

  struct ListenerState {
    config::Listener settings;
    std::string address; // empty when inactive
    bool active = false;
  };
  std::vector<ListenerState> listeners() const;
  std::size_t connections() const { return limiter_.total(); }
  // All that is counted: since the start, and of the live sessions.
  std::vector<Reading> readings() const;

  PenaltyTable& penalties() { return penalties_; }
  // Takes it into account and logs the penalty that comes of it. Any thread.
  void blame(const config::IpAddress& source, Offence offence);
  const std::string& host_key_fingerprint() const { return host_key_fingerprint_; } // "": there is none
  const SettingsPtr& settings() const { return settings_; }

  // `back` on the main loop once every worker's loop has turned.
  void turn_all(std::function<void()> back);

  void stop_accepting();
  // Live connections by source address, and those of other processes that count like our own.
  std::map<std::string, std::uint32_t> sources() const { return limiter_.by_source(); }
  void count_elsewhere(std::map<std::string, std::uint32_t> sources) {
    limiter_.count_elsewhere(std::move(sources));
  }
  // Says goodbye everywhere, waits `grace`, cuts what is left; `done` on the main loop.
  void stop(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  void verify(std::size_t worker, LoginRequest request,
              std::function<void(Result<LoginVerdict>)> answer) override;
  std::uint64_t authority_epoch() const override { return authority_epoch_.load(); }
  std::uint64_t take_session_id() override { return next_session_.fetch_add(1); }
  void offended(const config::IpAddress& source, Offence offence) override;
  bool refuses(const config::IpAddress& source) override;
  void proxy_header_refused(const std::string& proxy, const std::string& listener,
                            const std::string& reason) override;
  void client_unserved(const std::string& listener) override;
  void session_opened(LiveSession session) override;
  void session_closed(std::uint64_t id) override;
  void deliver(Arrival arrival);
  void recheck(const LiveSession& session);
  void set_limits(const config::Limits& limits);
  Result<void> open_listeners(const config::Static& fixed, std::vector<loop::PassedDescriptor> sockets);
  // Runs `what` on every worker's loop, then `done` on the main loop.
  void on_all_workers(std::function<void(Worker&, std::function<void()> finished)> what,
                      std::function<void()> done);

  asio::io_context& main_;
  Authority& authority_;
  Callbacks callbacks_;
  ConnectionLimiter limiter_;
  PenaltyTable penalties_;
  log::Complaints proxy_complaints_; // by listener and proxy
  log::Complaints key_complaints_;   // by listener
  net::Resolver resolver_;
  net::DirectDialer dialer_;
  SettingsPtr settings_;
  std::atomic<std::uint64_t> authority_epoch_{0}; // written on the main loop, read on all
  std::atomic<std::uint64_t> next_session_{1};
  std::atomic<bool> accepting_{false};
  std::string host_key_name_; // as the configuration has it, for errors
  std::string host_key_fingerprint_;
  SessionTable sessions_;
  IdentityLedger ledger_;
  std::unique_ptr<loop::Pool> pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t next_worker_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<config::Listener> inactive_;
};

} // namespace alk::listend
