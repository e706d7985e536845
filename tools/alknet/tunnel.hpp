// The connection to the server: dial, TLS, SSH login, keepalive. Everything above asks it for channels.
//
// connect() may be called again after the session has ended: whoever wants reconnection decides when.
#pragma once

#include "base/result.hpp"
#include "connect_options.hpp"
#include "host_trust.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/dialer.hpp"
#include "net/resolver.hpp"
#include "net/tls_context.hpp"
#include "ssh/client_session.hpp"
#include "ssh/identity.hpp"

#include <functional>
#include <memory>

namespace alk::alknet {

class Tunnel final : private ssh::ClientEvents {
 public:
  struct Parts { // all outlive the tunnel
    asio::io_context& loop;
    const ConnectOptions& options;
    const ssh::Identity& identity;
    std::shared_ptr<const net::TlsContext> tls; // when options.tls
    net::Dialer& dialer;
    net::Resolver& resolver;
    HostTrust& trust;
  };

  // `ended` is called once per session that was up, with a sentence for people; never after close().
  Tunnel(Parts parts, std::function<void(Error)> ended);
  ~Tunnel() override;

  // Until logged in. Errors: NotFound (no such server), Gone (not reached, or lost), Denied (host key,
  // login), Invalid (TLS); Conflict when it is up already.
  Task<Result<void>> connect();

  // A channel to a target, which is named in no error and no log.
  Task<ssh::Opened> open(ssh::OpenRequest request);

  // Says goodbye; `done` is called when the session is over, at once when there is none.
  void close(std::function<void()> done);

 private:
  Task<Result<std::unique_ptr<net::Stream>>> dial();
  Task<Result<std::unique_ptr<net::Stream>>> wrap(std::unique_ptr<net::Stream> stream);
  Task<Result<void>> log_in(std::unique_ptr<net::Stream> stream);
  Task<> judge(ssh::PresentedKey key, std::function<void(ssh::HostKeyAnswer)> answer);
  Task<> keep_alive(std::shared_ptr<ssh::ClientSession> session);
  Error end_error(ssh::ClientEnd end, const std::string& detail);

  void on_host_key(const ssh::PresentedKey& key, std::function<void(ssh::HostKeyAnswer)> answer) override;
  void on_open() override;
  void on_ended(ssh::ClientEnd end, const std::string& detail) override;

  Parts parts_;
  std::function<void(Error)> ended_;
  std::function<void()> closed_;
  loop::TaskGroup tasks_; // judge, keep_alive
  std::shared_ptr<ssh::ClientSession> session_;
  asio::steady_timer settled_; // expires when the login has an outcome, or its deadline passes
  bool person_is_asked_ = false;
  bool up_ = false;
  bool silent_ = false; // keepalives were not answered
  std::optional<Error> failure_;
};

} // namespace alk::alknet
