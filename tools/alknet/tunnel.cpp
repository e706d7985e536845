#include "tunnel.hpp"

#include "net/tls_stream.hpp"

namespace alk::alknet {

namespace {
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds resolve_limit{10};
constexpr seconds dial_limit{10}; // per address
constexpr seconds handshake_limit{10};
constexpr seconds login_limit{30};
constexpr seconds keepalive_interval{15};
constexpr int keepalive_count_max = 3; // unanswered in a row

// Where an answer of the session lands; shared because the asking task may be gone by then.
struct OpenSlot {
  explicit OpenSlot(const asio::any_io_executor& executor) : answered(executor, Clock::time_point::max()) {}
  asio::steady_timer answered;
  std::optional<ssh::Opened> opened;
};
} // namespace

Tunnel::Tunnel(Parts parts, std::function<void(Error)> ended)
    : parts_(std::move(parts)), ended_(std::move(ended)), tasks_(parts_.loop), settled_(parts_.loop) {}

Tunnel::~Tunnel() {
  if (session_) session_->detach();
}

Task<Result<void>> Tunnel::connect() {
  if (session_) co_return fail(Kind::Conflict, "already connected");
  ALK_CO_TRY(auto plain, co_await dial());
  ALK_CO_TRY(auto stream, co_await wrap(std::move(plain)));
  co_return co_await log_in(std::move(stream));
}

Task<Result<std::unique_ptr<net::Stream>>> Tunnel::dial() {
  const net::HostPort& server = parts_.options.server;
  auto addresses = co_await parts_.resolver.resolve(server.host, server.port, resolve_limit);
  if (!addresses) co_return pass(std::move(addresses).error(), "cannot reach " + server.host);
  auto dialled = co_await parts_.dialer.connect(std::move(*addresses), dial_limit);
  if (!dialled)
    co_return fail(Kind::Gone, "cannot reach " + server.host + ": " +
                                   std::string(net::dial_failure_text(dialled.error())));
  co_return std::move(*dialled);
}

Task<Result<std::unique_ptr<net::Stream>>> Tunnel::wrap(std::unique_ptr<net::Stream> stream) {
  if (!parts_.options.tls) co_return std::move(stream);
  const std::string context = "TLS with " + parts_.options.server.host;
  auto tls = net::TlsStream::client(parts_.loop.get_executor(), std::move(stream), parts_.tls,
                                    parts_.options.tls->server_name);
  if (!tls) co_return pass(std::move(tls).error(), context);
  auto shaken = co_await (*tls)->handshake(Clock::now() + handshake_limit);
  if (!shaken) co_return pass(std::move(shaken).error(), context);
  (*tls)->prefer_throughput();
  co_return std::move(*tls);
}

Task<Result<void>> Tunnel::log_in(std::unique_ptr<net::Stream> stream) {
  auto made =
      ssh::ClientSession::make(parts_.loop, std::move(stream), parts_.identity, parts_.options.user, *this);
  if (!made) co_return pass(std::move(made).error());
  session_ = std::move(*made);
  failure_.reset();
  up_ = silent_ = false;
  settled_.expires_after(login_limit);
  session_->pump();
  while (!up_ && !failure_) {
    co_await settled_.async_wait(loop::as_value);
    if (up_ || failure_) break;
    if (settled_.expiry() > Clock::now()) continue; // moved while it was waited for
    if (person_is_asked_) {
      settled_.expires_after(login_limit);
      continue;
    }
    failure_ = Error{
        Kind::Gone, parts_.options.server.host + " did not finish the login in time", Where::here(), {}};
    session_->abort();
  }
  if (failure_) co_return Failure(*failure_);
  co_return Result<void>{};
}

// --- what the session tells

void Tunnel::on_host_key(const ssh::PresentedKey& key, std::function<void(ssh::HostKeyAnswer)> answer) {
  tasks_.spawn("host key", judge(key, std::move(answer)));
}

Task<> Tunnel::judge(ssh::PresentedKey key, std::function<void(ssh::HostKeyAnswer)> answer) {
  person_is_asked_ = true; // or a file is read: short
  auto judged = co_await parts_.trust.judge(std::move(key));
  person_is_asked_ = false;
  if (judged) {
    settled_.expires_after(login_limit);
    co_return answer(ssh::HostKeyAnswer::Trust);
  }
  failure_ = std::move(judged).error();
  answer(ssh::HostKeyAnswer::Refuse);
}

void Tunnel::on_open() {
  up_ = true;
  settled_.expires_at(Clock::time_point::min());
  tasks_.spawn("keepalive", keep_alive(session_));
}

void Tunnel::on_ended(ssh::ClientEnd end, const std::string& detail) {
  session_.reset();
  const bool was_up = std::exchange(up_, false);
  if (!failure_) failure_ = end_error(end, detail);
  settled_.expires_at(Clock::time_point::min());
  if (closed_) return std::exchange(closed_, nullptr)();
  if (was_up) ended_(*failure_);
}

Error Tunnel::end_error(ssh::ClientEnd end, const std::string& detail) {
  const std::string& host = parts_.options.server.host;
  const std::string why = detail.empty() ? "" : " (" + detail + ")";
  switch (end) {
  case ssh::ClientEnd::Unreachable:
    return {Kind::Gone, host + " does not speak SSH with us" + why, Where::here(), {}};
  case ssh::ClientEnd::HostKeyRefused: return {Kind::Denied, "the host key was refused", Where::here(), {}};
  case ssh::ClientEnd::LoginRefused:
    return {Kind::Denied,
            host + " does not accept the key " + parts_.identity.fingerprint() + " for user " +
                parts_.options.user,
            Where::here(),
            {}};
  case ssh::ClientEnd::LoginFailed:
    return {Kind::Gone, host + " broke off the login" + why, Where::here(), {}};
  case ssh::ClientEnd::Lost:
    if (silent_) return {Kind::Gone, host + " does not answer any more", Where::here(), {}};
    return {Kind::Gone, "the connection to " + host + " is lost" + why, Where::here(), {}};
  case ssh::ClientEnd::Closed: break;
  }
  return {Kind::Gone, "closed", Where::here(), {}};
}

// As OpenSSH's ServerAliveInterval: a silent interval asks, and too many silent ones in a row end the
// session.
Task<> Tunnel::keep_alive(std::shared_ptr<ssh::ClientSession> session) {
  asio::steady_timer timer(parts_.loop);
  auto seen = session->bytes_received();
  int unanswered = 0;
  for (;;) {
    timer.expires_after(keepalive_interval);
    auto [error] = co_await timer.async_wait(loop::as_value);
    if (error || !session->alive()) co_return;
    if (session->bytes_received() != seen) {
      seen = session->bytes_received();
      unanswered = 0;
      continue;
    }
    if (unanswered++ == keepalive_count_max) {
      silent_ = true;
      co_return session->abort();
    }
    session->send_keepalive();
  }
}

// --- channels

Task<ssh::Opened> Tunnel::open(ssh::OpenRequest request) {
  if (!session_ || !up_) co_return tl::make_unexpected(ssh::OpenFailure::SessionOver);
  auto slot = std::make_shared<OpenSlot>(co_await asio::this_coro::executor);
  session_->open(std::move(request), [slot](ssh::Opened opened) {
    slot->opened = std::move(opened);
    slot->answered.expires_at(Clock::time_point::min());
  });
  co_await slot->answered.async_wait(loop::as_value);
  if (!slot->opened) co_return tl::make_unexpected(ssh::OpenFailure::SessionOver); // cancelled
  co_return std::move(*slot->opened);
}

void Tunnel::close(std::function<void()> done) {
  tasks_.cancel();
  if (!session_) return asio::post(parts_.loop, std::move(done));
  closed_ = std::move(done);
  session_->close();
}

} // namespace alk::alknet
