#include "session.hpp"

#include "authority.hpp"
#include "worker.hpp"

namespace alk::listend {

namespace {
using Clock = std::chrono::steady_clock;

// Keys that may be offered and refused before answers are delayed: an agent with a few keys is no attack.
constexpr std::size_t prompt_refusals = 3;
constexpr std::chrono::seconds refusal_delay{1};
// Offers of one connection, good and bad: each costs a round trip to alknet-authd. ssh itself gives up far
// earlier.
constexpr std::uint32_t most_offers = 100;
// Refused channels that one session may write into the log: asking costs a peer nothing.
constexpr std::uint32_t most_logged_refusals = 100;
// How often a session without keepalive looks at its expiry.
constexpr std::chrono::seconds idle_check{60};

std::uint64_t unix_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}
} // namespace

struct Session::Offered {
  std::string blob;
  std::string user;
  std::uint64_t epoch; // of the authority, when it was asked
  LoginVerdict verdict;
};

Session::Session(Worker& worker, Peer peer)
    : worker_(worker), peer_(std::move(peer)), counts_(worker.counts(peer_.listener)),
      id_(worker.hub().take_session_id()), timer_(worker.loop()) {}

Session::~Session() {
  if (ssh_) {
    ssh_->detach();
    ssh_->abort();
  }
}

Task<> Session::run(std::unique_ptr<net::Stream> stream, std::string early_input) {
  struct Presence { // also when the task is cancelled
    Session& session;
    ~Presence() {
      session.worker_.remove(session);
      if (auto offence = session.offence()) session.worker_.hub().offended(session.peer_.source, *offence);
      if (session.identity_) session.worker_.hub().session_closed(session.id_);
    }
  };
  auto self = shared_from_this();
  const config::Limits& limits = worker_.settings()->values.limits;
  login_deadline_ = Clock::now() + limits.login_grace_time;
  ssh_ = ssh::ServerSession::make(worker_.loop(), std::move(stream), *worker_.host_key(), *this,
                                  std::move(early_input), limits.max_channels_per_session);
  worker_.add(*this);
  Presence presence{*this};
  ssh_->pump();
  co_await watch();
}

Task<> Session::watch() {
  while (!ended_) {
    auto interval = worker_.settings()->values.limits.keepalive_interval;
    if (!identity_)
      timer_.expires_at(login_deadline_);
    else
      timer_.expires_after(interval.count() > 0 ? interval : idle_check);
    auto [error] = co_await timer_.async_wait(loop::as_value);
    if (ended_ || error) continue; // woken: something changed
    if (identity_) {
      check_keepalive();
    } else {
      grace_exceeded_ = unanswered_ == 0;
      counts_.add(Count::LoginTimeout);
      disconnect("login timeout");
    }
  }
}

// A peer that offered keys and failed with none of them met a failure of ours, or only asked.
std::optional<Offence> Session::offence() const {
  if (logged_in_ || worker_.stopping()) return std::nullopt;
  if (grace_exceeded_) return Offence::GraceExceeded;
  if (failed_attempt_) return Offence::AuthFailure;
  if (offers_ > 0) return std::nullopt;
  return ssh_ && ssh_->broke_protocol() ? Offence::ProtocolError : Offence::NoAuth;
}

void Session::check_keepalive() {
  if (constraints_.expires && unix_now() >= *constraints_.expires) return disconnect("login expired");
  const config::Limits& limits = worker_.settings()->values.limits;
  if (limits.keepalive_interval.count() == 0) return;
  if (ssh_->bytes_received() != bytes_seen_) {
    bytes_seen_ = ssh_->bytes_received();
    keepalives_unanswered_ = 0;
  } else if (++keepalives_unanswered_ > limits.keepalive_count_max) {
    return ssh_->abort();
  }
  ssh_->send_keepalive();
}

void Session::disconnect(const std::string& text) {
  if (ssh_) ssh_->disconnect(text);
}

void Session::on_ended() {
  ended_ = true;
  timer_.cancel();
}

// --- logging in ---

void Session::log_attempt(const std::string& user, const std::string& fingerprint, bool accepted,
                          std::string_view reason) {
  counts_.add(accepted ? Count::LoginAccepted : failed_login(reason));
  failed_attempt_ |= !accepted;
  log::write(log::Level::Info, log::event::auth_attempt,
             {{"remote_addr", peer_.remote_addr},
              {"user", user},
              {"key_fingerprint", fingerprint},
              {"result", accepted ? "accept" : "reject"}},
             {{"remote_port", int{peer_.remote_port}},
              {"transport", peer_.transport},
              {"listener", peer_.listener},
              {"reason", reason},
              {"session", id_}});
}

// Counts a failed attempt and ends the connection at the limit.
void Session::count_failure() {
  ++failures_;
  std::uint32_t limit = worker_.settings()->values.limits.max_auth_attempts;
  if (limit != 0 && failures_ >= limit) disconnect("too many authentication failures");
}

void Session::on_key(const ssh::KeyOffer& offer, std::function<void(ssh::KeyVerdict)> answer) {
  if (offered_ && offer.signed_login && offered_->blob == offer.blob && offered_->user == offer.user &&
      offered_->epoch == worker_.hub().authority_epoch())
    return judge(offer, offered_->verdict, offered_->epoch, std::move(answer));
  if (++offers_ > most_offers) {
    failed_attempt_ = true;
    answer(ssh::KeyVerdict::Reject);
    return disconnect("too many authentication requests");
  }
  const std::uint64_t epoch = worker_.hub().authority_epoch();
  ++unanswered_;
  LoginRequest request{offer.blob, offer.user, peer_.remote_addr, peer_.remote_port, peer_.transport};
  worker_.hub().verify(worker_.index(), std::move(request),
                       [weak = weak_from_this(), offer, answer, epoch](Result<LoginVerdict> verdict) {
                         auto self = weak.lock();
                         if (!self) return;
                         --self->unanswered_;
                         self->judge(offer, std::move(verdict), epoch, answer);
                       });
}

// Fails closed, and says so in words that no ban filter takes for an attack: it is not the peer's fault.
void Session::log_unavailable(const Result<LoginVerdict>& verdict) {
  counts_.add(Count::LoginUnavailable);
  log::write(log::Level::Warning, log::event::peer_unavailable,
             {{"peer", verdict ? "alknet-stored" : "alknet-authd"}},
             {{"reason", verdict ? verdict->reason : verdict.error().describe()}});
}

void Session::judge(const ssh::KeyOffer& offer, Result<LoginVerdict> verdict, std::uint64_t epoch,
                    std::function<void(ssh::KeyVerdict)> answer) {
  if (ended_) return;
  if (!verdict || verdict->reason == accounts_unavailable) {
    log_unavailable(verdict);
    return answer(ssh::KeyVerdict::Reject);
  }
  if (!verdict->accepted) return reject(offer, verdict->reason, std::move(answer));
  if (offer.signed_login) {
    identity_ = verdict->identity;
    constraints_ = verdict->constraints;
    authority_epoch_ = epoch;
    offered_.reset();
  } else {
    offered_ = std::make_unique<Offered>(Offered{offer.blob, offer.user, epoch, std::move(*verdict)});
  }
  answer(ssh::KeyVerdict::Accept);
}

// Every distinct key is logged and counted once, whether it was only offered or signed with.
void Session::reject(const ssh::KeyOffer& offer, std::string_view reason,
                     std::function<void(ssh::KeyVerdict)> answer) {
  if (rejected_keys_.insert(offer.fingerprint).second) {
    log_attempt(offer.user, offer.fingerprint, false, reason);
    count_failure();
  }
  if (rejected_keys_.size() <= prompt_refusals && !offer.signed_login) return answer(ssh::KeyVerdict::Reject);
  auto timer = std::make_shared<asio::steady_timer>(worker_.loop(), refusal_delay);
  timer->async_wait([timer, answer = std::move(answer)](std::error_code error) {
    if (!error) answer(ssh::KeyVerdict::Reject);
  });
}

void Session::on_silent_request(ssh::SilentRequest request, const std::string& user) {
  std::string_view reason = "method";
  switch (request) {
  case ssh::SilentRequest::WrongSignature: reason = "wrong-signature"; break;
  case ssh::SilentRequest::UnparsableKey: reason = "unparsable-key"; break;
  case ssh::SilentRequest::Gssapi: reason = "gssapi"; break;
  case ssh::SilentRequest::OtherMethod: break;
  }
  log_attempt(user, "", false, reason);
  // libssh gives no answer to the first two, so the peer cannot go on: end it.
  if (request == ssh::SilentRequest::WrongSignature || request == ssh::SilentRequest::UnparsableKey)
    return disconnect("authentication failed");
  count_failure();
  if (++offers_ > most_offers)
    disconnect("too many authentication requests"); // also where failures have no limit
}

void Session::on_authenticated(const ssh::KeyOffer& offer) {
  log_attempt(offer.user, offer.fingerprint, true, "");
  logged_in_ = true;
  timer_.cancel();
  worker_.hub().session_opened(LiveSession{
      .id = id_,
      .worker = worker_.index(),
      .identity = *identity_,
      .constraints = constraints_,
      .user = offer.user,
      .remote_addr = peer_.remote_addr,
      .remote_port = peer_.remote_port,
      .transport = peer_.transport,
      .listener = peer_.listener,
      .since = unix_now(),
      .authority_epoch = authority_epoch_,
      .channels = ssh_->channel_gauge(),
      .traffic = ssh_->traffic(),
  });
}

// --- channels ---

void Session::on_open(const std::string& host, std::uint16_t port,
                      std::function<void(std::unique_ptr<net::Stream>)> answer) {
  ForwardRequest request{*identity_, constraints_, peer_.transport, host, port};
  auto finish = [weak = weak_from_this(), answer = std::move(answer)](Opened opened) {
    if (auto self = weak.lock()) self->finish_open(std::move(opened), answer);
  };
  worker_.tasks().spawn("forward", open_forward(worker_, std::move(request), std::move(finish)));
}

void Session::finish_open(Opened opened, const std::function<void(std::unique_ptr<net::Stream>)>& answer) {
  if (opened) {
    counts_.add(Count::ChannelOpened);
    return answer(std::move(*opened));
  }
  // Everyday failures of targets are the client's business; refusals of ours are the operator's.
  const bool ours = opened.error() != Obstacle::Name && opened.error() != Obstacle::Connect;
  log_refusal(ours ? log::Level::Info : log::Level::Debug, obstacle_word(opened.error()));
  answer(nullptr);
}

void Session::on_refused(ssh::RefusedRequest request) {
  std::string_view kind = "channel-type";
  if (request == ssh::RefusedRequest::RemoteForward) kind = "remote-forward";
  if (request == ssh::RefusedRequest::ChannelRequest) kind = "channel-request";
  log_refusal(log::Level::Warning, kind);
}

void Session::log_refusal(log::Level level, std::string_view reason) {
  counts_.add(refused_channel(reason));
  if (++refusals_ > most_logged_refusals) return;
  log::write(level, log::event::channel_refused, {{"remote_addr", peer_.remote_addr}, {"reason", reason}},
             {{"session", id_},
              {"identity", identity_ ? identity_->id : ""},
              {"transport", peer_.transport},
              {"last_logged", refusals_ == most_logged_refusals ? "yes" : "no"}});
}

} // namespace alk::listend
