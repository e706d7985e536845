// One SSH session of the server: the rules of logging in, the log lines that go with them, keepalive, and the
// channels' way to the forwarder. Lives on one worker's loop.
#pragma once

#include "counts.hpp"
#include "forwarder.hpp"
#include "live_session.hpp"
#include "log/log.hpp"
#include "loop/asio.hpp"
#include "penalty_table.hpp"
#include "settings.hpp"
#include "ssh/server_session.hpp"

#include <optional>
#include <set>

namespace alk::listend {

class Worker;
struct LoginVerdict;

// Who is at the other end, as far as the transport can tell.
struct Peer {
  config::IpAddress source;
  std::string remote_addr;
  std::uint16_t remote_port = 0;
  std::string transport;
  std::string listener;
};

class Session final : public ssh::ServerEvents, public std::enable_shared_from_this<Session> {
 public:
  Session(Worker& worker, Peer peer);
  ~Session() override;

  // Serves the stream until the session ends; `early_input` was read from it before.
  Task<> run(std::unique_ptr<net::Stream> stream, std::string early_input);

  std::uint64_t id() const { return id_; }
  void disconnect(const std::string& text);
  // What to blame on its source now that the session has ended.
  std::optional<Offence> offence() const;

 private:
  void on_key(const ssh::KeyOffer& offer, std::function<void(ssh::KeyVerdict)> answer) override;
  void on_silent_request(ssh::SilentRequest request, const std::string& user) override;
  void on_authenticated(const ssh::KeyOffer& offer) override;
  void on_open(const std::string& host, std::uint16_t port,
               std::function<void(std::unique_ptr<net::Stream>)> answer) override;
  void on_refused(ssh::RefusedRequest request) override;
  void on_ended() override;

  void judge(const ssh::KeyOffer& offer, Result<LoginVerdict> verdict, std::uint64_t epoch,
             std::function<void(ssh::KeyVerdict)> answer);
  void reject(const ssh::KeyOffer& offer, std::string_view reason,
              std::function<void(ssh::KeyVerdict)> answer);
  void count_failure();
  void finish_open(Opened opened, const std::function<void(std::unique_ptr<net::Stream>)>& answer);
  void log_refusal(log::Level level, std::string_view reason);
  void log_unavailable(const Result<LoginVerdict>& verdict);
  void log_attempt(const std::string& user, const std::string& fingerprint, bool accepted,
                   std::string_view reason);
  Task<> watch();
  void check_keepalive();

  Worker& worker_;
  Peer peer_;
  Counts& counts_; // of its listener, on its loop
  std::uint64_t id_;
  std::shared_ptr<ssh::ServerSession> ssh_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point login_deadline_;
  bool ended_ = false;

  // A key that was offered and accepted; the same key signing right after needs no second round trip.
  struct Offered;
  std::unique_ptr<Offered> offered_;
  std::set<std::string> rejected_keys_; // fingerprints: each counts once
  std::uint32_t failures_ = 0;
  std::uint32_t offers_ = 0;
  // Questions to alknet-authd that have no answer: as long as there are some, waiting is not the peer's
  // fault.
  std::uint32_t unanswered_ = 0;
  bool failed_attempt_ = false;
  bool grace_exceeded_ = false;
  bool logged_in_ = false;

  std::optional<Identity> identity_;
  Constraints constraints_;
  std::uint64_t authority_epoch_ = 0; // when the question was asked that let the session in
  std::uint32_t refusals_ = 0;        // of channels; the first ones are logged
  std::uint64_t bytes_seen_ = 0;
  std::uint32_t keepalives_unanswered_ = 0;
};

} // namespace alk::listend
