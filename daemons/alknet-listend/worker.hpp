// One event loop's share of the engine: its connections, its copy of the settings, its host key. Everything
// here runs on that loop; the main loop reaches it by posting.
#pragma once

#include "authority.hpp"
#include "base/fd.hpp"
#include "connection_limiter.hpp"
#include "counts.hpp"
#include "live_session.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/dialer.hpp"
#include "net/resolver.hpp"
#include "penalty_table.hpp"
#include "proxy_password.hpp"
#include "settings.hpp"
#include "ssh/host_key.hpp"

#include <map>
#include <unordered_map>

namespace alk::listend {

class Session;

// What a worker tells the main loop and asks of it. Called on the worker's loop; answers come back on it.
class Hub {
 public:
  virtual ~Hub() = default;
  virtual void verify(std::size_t worker, LoginRequest request,
                      std::function<void(Result<LoginVerdict>)> answer) = 0;
  // Moves whenever identities may have changed: a verdict that was asked for under an older one is stale.
  virtual std::uint64_t authority_epoch() const = 0;
  virtual std::uint64_t take_session_id() = 0; // unique over all generations; any thread
  // The connection of that source has ended without a login.
  virtual void offended(const config::IpAddress& source, Offence offence) = 0;
  // Whether that source is penalised; for who learns late where a connection comes from.
  virtual bool refuses(const config::IpAddress& source) = 0;
  // A configured proxy did not say whom it speaks for; `reason` is the word of net::read_proxy_header.
  virtual void proxy_header_refused(const std::string& proxy, const std::string& listener,
                                    const std::string& reason) = 0;
  // Somebody wanted SSH while there was no host key.
  virtual void client_unserved(const std::string& listener) = 0;
  virtual void session_opened(LiveSession session) = 0;
  virtual void session_closed(std::uint64_t id) = 0;
};

// An accepted connection on its way to a worker.
struct Arrival {
  Fd socket;
  int family = 0; // AF_INET or AF_INET6
  config::IpAddress source;
  std::string remote_addr; // literal, IPv4-mapped addresses as IPv4
  std::uint16_t remote_port = 0;
  config::Listener listener;
  ConnectionLimiter::Lease lease;
  bool proxied = false; // from a configured proxy: its header comes first, and the lease has no name yet
};

class Worker {
 public:
  Worker(std::size_t index, asio::io_context& loop, Hub& hub, net::Resolver& resolver, net::Dialer& dialer,
         SettingsPtr settings, const std::vector<config::Listener>& listeners);
  ~Worker();

  void admit(Arrival arrival);
  // Both at once: no channel may meet one without the other.
  void apply(SettingsPtr settings, ProxyPasswordPtr password) {
    settings_ = std::move(settings);
    proxy_password_ = std::move(password);
  }
  // For new handshakes; nullptr: there are none. A session keeps the key that it began with.
  void set_host_key(std::shared_ptr<const ssh::HostKey> key) { host_key_ = std::move(key); }
  // For channels from now on.
  void set_proxy_password(ProxyPasswordPtr password) { proxy_password_ = std::move(password); }
  void disconnect(std::uint64_t session, const std::string& text);
  // Says goodbye to every session ("shutdown"), gives `grace` for it, then cuts; `done` on this loop.
  void stop(std::chrono::milliseconds grace, std::function<void()> done);

  // For sessions.
  std::size_t index() const { return index_; }
  asio::io_context& loop() { return loop_; }
  Hub& hub() { return hub_; }
  net::Resolver& resolver() { return resolver_; }
  net::Dialer& dialer() { return dialer_; }
  const ssh::HostKey* host_key() const { return host_key_.get(); } // nullptr: nobody can be served by SSH
  const ProxyPassword* proxy_password() const { return proxy_password_.get(); } // until the next wait
  const SettingsPtr& settings() const { return settings_; }
  loop::TaskGroup& tasks() { return tasks_; }
  // Any thread may read them.
  Counts& counts(const std::string& listener) { return counts_.at(listener); }
  bool stopping() const { return stopping_; }
  void add(Session& session);
  void remove(Session& session);

 private:
  void cut(std::function<void()> done);

  std::size_t index_;
  asio::io_context& loop_;
  Hub& hub_;
  net::Resolver& resolver_;
  net::Dialer& dialer_;
  std::shared_ptr<const ssh::HostKey> host_key_; // this loop's alone
  ProxyPasswordPtr proxy_password_;
  SettingsPtr settings_;
  std::map<std::string, Counts> counts_; // by listener; no entry comes or goes
  std::unordered_map<std::uint64_t, Session*> sessions_;
  loop::TaskGroup tasks_;
  asio::steady_timer stop_timer_;
  std::function<void()> stopped_;
  bool stopping_ = false;
};

} // namespace alk::listend
