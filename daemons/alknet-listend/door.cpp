#include "door.hpp"

#include "log/log.hpp"
#include "net/linger.hpp"
#include "net/proxy_header.hpp"
#include "net/stealth.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_stream.hpp"
#include "session.hpp"
#include "web_connection.hpp"

#include <asio/ip/tcp.hpp>

namespace alk::listend {

namespace {
using Clock = std::chrono::steady_clock;

// For a configured proxy to announce its client: it does so at once, and a lost packet costs three seconds.
constexpr std::chrono::seconds proxy_header_time{5};

// Writes "connection closed" when the connection's coroutine ends, however it ends.
class ConnectionLog {
 public:
  ConnectionLog(const Arrival& arrival, log::Level level)
      : level_(level), remote_addr_(arrival.remote_addr), remote_port_(arrival.remote_port),
        listener_(arrival.listener.name) {
    log::write(
        level_, log::event::connection_opened,
        {{"remote_addr", remote_addr_}, {"transport", config::transport_name(arrival.listener.transport)}},
        hidden());
  }
  ~ConnectionLog() {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - opened_).count();
    log::write(level_, log::event::connection_closed,
               {{"remote_addr", remote_addr_}, {"duration", std::int64_t{seconds}}}, hidden());
  }

 private:
  log::Fields hidden() const { return {{"remote_port", int{remote_port_}}, {"listener", listener_}}; }
  log::Level level_;
  std::string remote_addr_;
  std::uint16_t remote_port_;
  std::string listener_;
  Clock::time_point opened_ = Clock::now();
};

// For a peer to take note of the end; what it sends meanwhile is read and dropped.
constexpr std::chrono::seconds refusal_linger{2};

Task<> serve_ssh(Worker& worker, Peer peer, std::unique_ptr<net::Stream> stream, std::string early) {
  if (worker.host_key() == nullptr) { // not the peer's fault
    worker.counts(peer.listener).add(Count::ConnectionHostKey);
    worker.hub().client_unserved(peer.listener);
    net::close_lingering(worker.loop(), std::move(stream), refusal_linger);
    co_return;
  }
  auto session = std::make_shared<Session>(worker, std::move(peer));
  co_await session->run(std::move(stream), std::move(early));
}

// A listener that shows a web site to everybody who does not speak SSH.
Task<> serve_stealth(Worker& worker, Peer peer, LocalEnd here, std::unique_ptr<net::Stream> stream,
                     std::shared_ptr<const net::TlsContext> tls) {
  auto deadline = Clock::now() + worker.settings()->values.limits.stealth_timeout;
  auto opened = co_await net::open_stealth(std::move(stream), std::move(tls), deadline);
  if (!opened) {
    worker.counts(peer.listener).add(Count::HandshakeFailed);
    co_return;
  }
  if (opened->guest == net::Guest::Ssh)
    co_return co_await serve_ssh(worker, std::move(peer), std::move(opened->stream), std::move(opened->read));
  std::shared_ptr<const WebSite> site = worker.settings()->sites.at(peer.listener);
  WebVisit visit{std::move(opened->read), deadline, opened->guest == net::Guest::PlainHttp, std::move(here),
                 &worker.counts(peer.listener).at(Count::WebRequest)};
  co_await serve_web(std::move(opened->stream), std::move(site), std::move(visit));
}

LocalEnd local_end(const asio::ip::tcp::socket& socket) {
  std::error_code error;
  const auto end = socket.local_endpoint(error);
  const auto address = end.address();
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return {mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string()
                 : address.to_string(),
          end.port()};
}

// A handshake that failed. On a stealth listener it is none: whoever visits a web site may fail as often as
// he likes.
std::optional<Offence> offence_of(const Error& error) {
  switch (error.kind) {
  case Kind::Busy: return Offence::GraceExceeded;
  case Kind::Invalid: // also a peer that does not trust our certificate
  case Kind::Gone: return Offence::NoAuth;
  default: return std::nullopt;
  }
}

// SSH inside TLS and nothing else.
Task<> serve_tls(Worker& worker, Peer peer, std::unique_ptr<net::Stream> stream,
                 std::shared_ptr<const net::TlsContext> tls) {
  auto made = net::TlsStream::server(worker.loop().get_executor(), std::move(stream), std::move(tls));
  if (!made) co_return;
  auto shaken =
      co_await (*made)->handshake(Clock::now() + worker.settings()->values.limits.tls_handshake_timeout);
  if (!shaken) {
    worker.counts(peer.listener).add(Count::HandshakeFailed);
    if (auto offence = offence_of(shaken.error()); offence && !worker.stopping())
      worker.hub().offended(peer.source, *offence);
    co_return;
  }
  co_await serve_ssh(worker, std::move(peer), std::move(*made), {});
}

// What a configured proxy has announced.
enum class Announced {
  Client,
  Proxy,   // itself: a health check, which comes again and again
  Nothing, // or nothing that can be believed: the connection is refused
};

void refuse_header(Worker& worker, const Arrival& arrival, const std::string& reason) {
  worker.counts(arrival.listener.name).add(Count::ConnectionProxyHeader);
  worker.hub().proxy_header_refused(arrival.remote_addr, arrival.listener.name, reason);
}

// Reads it and puts the client into the arrival.
Task<Announced> take_announcement(Worker& worker, net::Stream& stream, Arrival& arrival) {
  const auto header = co_await net::read_proxy_header(stream, Clock::now() + proxy_header_time);
  if (!header) {
    const bool check = header.error().kind == Kind::NotFound; // a health check by connecting alone
    if (!check && !worker.stopping()) refuse_header(worker, arrival, header.error().what);
    co_return Announced::Nothing;
  }
  // In version 1 a health check announces the address that it comes from.
  using Origin = net::ProxyHeader::Origin;
  arrival.source = {}; // nobody is blamed for what a proxy does by itself, or for somebody unknown
  if (header->origin == Origin::Proxy ||
      (header->origin == Origin::Client && header->source.host() == arrival.remote_addr))
    co_return Announced::Proxy;
  if (header->origin == Origin::Client) {
    const net::Address& client = header->source;
    arrival.source =
        config::make_ip(std::span(client.bytes).first(client.size)).value_or(config::IpAddress{});
    arrival.remote_addr = client.host();
    arrival.remote_port = client.port;
  }
  co_return Announced::Client;
}

// What the listener asks for others, now that the source is known.
bool admitted(Worker& worker, Arrival& arrival) {
  if (worker.hub().refuses(arrival.source)) {
    worker.counts(arrival.listener.name).add(Count::ConnectionPenalty);
    return false; // not logged: the penalty itself was, once
  }
  if (arrival.lease.name(arrival.remote_addr)) return true;
  worker.counts(arrival.listener.name).add(Count::ConnectionPerSource);
  log::write(log::Level::Info, log::event::connection_rejected,
             {{"remote_addr", arrival.remote_addr},
              {"transport", config::transport_name(arrival.listener.transport)}},
             {{"remote_port", int{arrival.remote_port}}, {"listener", arrival.listener.name}});
  return false;
}

} // namespace

Task<> serve_connection(Worker& worker, Arrival arrival) {
  asio::ip::tcp::socket socket(worker.loop());
  std::error_code error;
  socket.assign(arrival.family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(),
                arrival.socket.release(), error);
  if (error) co_return;
  LocalEnd here = local_end(socket);
  std::unique_ptr<net::Stream> stream = std::make_unique<net::TcpStream>(std::move(socket));
  log::Level level = log::Level::Info;
  if (arrival.proxied) {
    const Announced announced = co_await take_announcement(worker, *stream, arrival);
    if (announced == Announced::Nothing) co_return;
    if (announced == Announced::Client && !admitted(worker, arrival)) co_return;
    if (announced == Announced::Proxy) level = log::Level::Debug;
    worker.counts(arrival.listener.name).add(Count::ConnectionAccepted);
  }
  ConnectionLog log(arrival, level);
  Peer peer{arrival.source, arrival.remote_addr, arrival.remote_port,
            std::string(config::transport_name(arrival.listener.transport)), arrival.listener.name};
  if (arrival.listener.transport == config::Transport::Tcp)
    co_return co_await serve_ssh(worker, std::move(peer), std::move(stream), {});
  std::shared_ptr<const net::TlsContext> tls = worker.settings()->tls.at(arrival.listener.name);
  if (arrival.listener.stealth)
    co_await serve_stealth(worker, std::move(peer), std::move(here), std::move(stream), std::move(tls));
  else
    co_await serve_tls(worker, std::move(peer), std::move(stream), std::move(tls));
}

} // namespace alk::listend
