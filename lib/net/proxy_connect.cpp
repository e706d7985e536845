#include "net/proxy_connect.hpp"

#include "base/bytes.hpp"
#include "net/connect_client.hpp"
#include "net/prefix_stream.hpp"
#include "net/socks5.hpp"
#include "net/socks5_client.hpp"

namespace alk::net {

namespace {

using ProxyStep = tl::expected<std::uint8_t, ProxyFailure>;
using ReadReply = SocksAnswer (*)(std::string_view);

constexpr std::size_t connect_head_piece = 1024; // most heads are shorter

// A connection that nothing waits in takes a few kilobytes at once: nobody has to hold them over a wait.
bool send_whole(Stream& stream, std::string_view bytes) {
  const Transfer moved = stream.write(as_bytes(bytes));
  return moved.state == Transfer::State::Done && moved.count == bytes.size();
}

ProxyFailure failure_of_wait(Wait outcome) {
  return outcome == Wait::Timeout ? ProxyFailure::Timeout : ProxyFailure::Ended;
}

// Appends what has arrived, up to `size` bytes in all; waits for the first of them.
Task<std::optional<ProxyFailure>> read_up_to(Stream& stream, std::string& bytes, std::size_t size,
                                             Deadline deadline) {
  while (true) {
    const std::size_t had = bytes.size();
    bytes.resize(size);
    const Transfer moved = stream.read(std::as_writable_bytes(std::span(bytes)).subspan(had));
    bytes.resize(had + (moved.state == Transfer::State::Done ? moved.count : 0));
    if (moved.state == Transfer::State::Done) co_return std::nullopt;
    if (moved.state != Transfer::State::Again) co_return ProxyFailure::Ended;
    const Wait outcome = co_await ready_until(stream, Direction::Read, deadline);
    if (outcome != Wait::Ready) co_return failure_of_wait(outcome);
  }
}

Task<ProxyStep> read_answer(Stream& stream, ReadReply read, Deadline deadline) {
  std::string bytes;
  while (true) {
    const SocksAnswer answer = read(bytes);
    if (answer.state == SocksAnswer::State::Done) co_return answer.code;
    if (answer.state == SocksAnswer::State::Malformed) co_return tl::unexpected(ProxyFailure::Malformed);
    auto failed = co_await read_up_to(stream, bytes, answer.wanted, deadline);
    if (failed) co_return tl::unexpected(*failed);
  }
}

// What SOCKS5 and HTTP want of a login; nullopt: no such password.
std::optional<SecretBytes> login_message(const ProxyLogin& login) {
  const auto password = login.password();
  if (!password) return std::nullopt;
  auto message = socks_login(login.user, *password);
  if (!message) return std::nullopt;
  return std::move(*message);
}

Task<std::optional<ProxyFailure>> log_in(Stream& stream, const ProxyLogin& login, Deadline deadline) {
  bool sent = false;
  {
    auto message = login_message(login);
    if (!message) co_return ProxyFailure::NoPassword;
    sent = send_whole(stream, message->view());
  }
  if (!sent) co_return ProxyFailure::Ended;
  const ProxyStep welcome = co_await read_answer(stream, read_socks_login, deadline);
  if (!welcome) co_return welcome.error();
  if (*welcome != 0) co_return ProxyFailure::Login;
  co_return std::nullopt;
}

// RFC 1928 section 6. "General failure" is what many proxies say when they cannot reach a target.
std::optional<ProxyFailure> failure_of_socks(std::uint8_t code) {
  switch (static_cast<SocksReply>(code)) {
  case SocksReply::Succeeded: return std::nullopt;
  case SocksReply::GeneralFailure:
  case SocksReply::NetworkUnreachable:
  case SocksReply::HostUnreachable:
  case SocksReply::ConnectionRefused:
  case SocksReply::TtlExpired: return ProxyFailure::Target;
  default: return ProxyFailure::Forbidden;
  }
}

Task<std::optional<ProxyFailure>> negotiate_socks(Stream& stream, const ProxyTarget& target,
                                                  Deadline deadline) {
  const auto request = socks_connect(target.place.host, target.place.port);
  if (!request) co_return ProxyFailure::Target;
  if (!send_whole(stream, socks_greeting(target.login.has_value()))) co_return ProxyFailure::Ended;
  const ProxyStep method = co_await read_answer(stream, read_socks_method, deadline);
  if (!method) co_return method.error();
  if (target.login && *method == static_cast<std::uint8_t>(SocksMethod::Password)) {
    auto failed = co_await log_in(stream, *target.login, deadline);
    if (failed) co_return failed;
  } else if (*method != static_cast<std::uint8_t>(SocksMethod::None)) {
    co_return ProxyFailure::Login;
  }
  if (!send_whole(stream, *request)) co_return ProxyFailure::Ended;
  const ProxyStep answer = co_await read_answer(stream, read_socks_connect, deadline);
  if (!answer) co_return answer.error();
  co_return failure_of_socks(*answer);
}

std::string authority_of(const HostPort& place) {
  const bool v6 = place.host.find(':') != place.host.npos;
  return (v6 ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
}

// nullopt: sent.
std::optional<ProxyFailure> send_connect(Stream& stream, const ProxyTarget& target) {
  std::optional<std::string_view> password;
  if (target.login) {
    password = target.login->password();
    if (!password) return ProxyFailure::NoPassword;
  }
  const auto request = connect_request(authority_of(target.place), target.login ? target.login->user : "",
                                       password.value_or(""));
  if (!request) return target.login ? ProxyFailure::NoPassword : ProxyFailure::Target;
  if (!send_whole(stream, request->view())) return ProxyFailure::Ended;
  return std::nullopt;
}

// 5xx is what proxies say when they cannot reach a target: 500, 502, 503 and 504, each their own.
std::optional<ProxyFailure> failure_of_http(std::uint32_t status) {
  if (status < 300) return std::nullopt;
  if (status == 407) return ProxyFailure::Login;
  return status >= 500 ? ProxyFailure::Target : ProxyFailure::Forbidden;
}

} // namespace

std::string_view proxy_failure_text(ProxyFailure failure) {
  switch (failure) {
  case ProxyFailure::Timeout: return "no answer in time";
  case ProxyFailure::Ended: return "connection ended";
  case ProxyFailure::Malformed: return "malformed answer";
  case ProxyFailure::Login: return "login refused";
  case ProxyFailure::NoPassword: return "no password";
  case ProxyFailure::Forbidden: return "refused";
  case ProxyFailure::Target: return "target not reached";
  }
  return "failed";
}

Task<Proxied> connect_by_socks5(std::unique_ptr<Stream> proxy, ProxyTarget target, Deadline deadline) {
  const auto failed = co_await negotiate_socks(*proxy, target, deadline);
  if (failed) co_return tl::unexpected(*failed);
  co_return std::move(proxy);
}

Task<Proxied> connect_by_http(std::unique_ptr<Stream> proxy, ProxyTarget target, Deadline deadline) {
  if (const auto failed = send_connect(*proxy, target)) co_return tl::unexpected(*failed);
  std::string bytes;
  while (true) {
    const ConnectAnswer answer = read_connect_answer(bytes);
    if (answer.state == ConnectAnswer::State::Malformed) co_return tl::unexpected(ProxyFailure::Malformed);
    if (answer.state == ConnectAnswer::State::Done) {
      if (const auto failed = failure_of_http(answer.status)) co_return tl::unexpected(*failed);
      auto executor = co_await asio::this_coro::executor;
      co_return PrefixStream::make(executor, std::move(proxy), bytes.substr(answer.size));
    }
    const std::size_t size = std::min(bytes.size() + connect_head_piece, connect_head_limit);
    const auto failed = co_await read_up_to(*proxy, bytes, size, deadline);
    if (failed) co_return tl::unexpected(*failed);
  }
}

} // namespace alk::net
