#include "forwarder.hpp"

#include "config/ip_address.hpp"
#include "net/proxy_connect.hpp"
#include "worker.hpp"

#include <algorithm>

namespace alk::listend {

namespace {

// Looking up a name. getaddrinfo's own limit is longer, but the client waits for the channel.
constexpr std::chrono::seconds resolve_timeout{10};

// By one channel that is being opened; the client waits for it.
constexpr int most_reloads_followed = 3;

config::Transport transport_of(const ForwardRequest& request) {
  return request.transport == config::transport_name(config::Transport::Tls) ? config::Transport::Tls
                                                                             : config::Transport::Tcp;
}

// Before any name is looked up.
std::optional<Obstacle> judge(const Settings& settings, const ForwardRequest& request,
                              const config::Destination& to) {
  Decision decision =
      settings.policy.decide(request.identity, request.constraints, transport_of(request), to);
  if (!decision.allowed)
    return decision.rule == Decision::by_constraint ? Obstacle::Constraint : Obstacle::Policy;
  if (to.reserved) return Obstacle::Reserved; // ours, and nothing answers there in this version
  if (to.port == 0) return Obstacle::Port;
  return std::nullopt;
}

// The addresses of the name that the policy does not refuse.
std::vector<net::Address> admitted(const Settings& settings, const ForwardRequest& request,
                                   const config::Destination& to, std::vector<net::Address> addresses) {
  std::erase_if(addresses, [&](const net::Address& address) {
    auto ip = config::make_ip(std::span(address.bytes).first(address.size));
    return !ip || settings.policy.refuses_address(request.identity, transport_of(request), to, *ip);
  });
  return addresses;
}

bool is_host_text(std::string_view host) {
  return !host.empty() && host.size() <= net::host_limit && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
  });
}

// What the proxy is asked for. Addresses, in notations that only a resolver reads as such, and localhost are
// judged as if they were connected to from here; names are the proxy's to resolve.
tl::expected<net::HostPort, Obstacle>
place_behind_proxy(const Settings& settings, const ForwardRequest& request, const config::Destination& to) {
  const auto known = net::resolve_here(to.host, to.port);
  if (admitted(settings, request, to, known).size() != known.size()) return tl::unexpected(Obstacle::Policy);
  if (known.size() == 1) return net::HostPort{known.front().host(), to.port};
  if (!is_host_text(to.host)) return tl::unexpected(Obstacle::Name);
  return net::HostPort{to.host, to.port};
}

// nullopt: the password is not there now.
std::optional<std::string_view> password_now(const Worker& worker, const std::string& credential) {
  const ProxyPassword* password = worker.proxy_password();
  if (password == nullptr || password->credential != credential) return std::nullopt;
  return password->secret.view();
}

Obstacle obstacle_of(net::ProxyFailure failure) {
  switch (failure) {
  case net::ProxyFailure::Timeout: return Obstacle::ProxyTimeout;
  case net::ProxyFailure::Ended: return Obstacle::ProxyUnreachable;
  case net::ProxyFailure::Malformed: return Obstacle::ProxyProtocol;
  case net::ProxyFailure::Login: return Obstacle::ProxyLogin;
  case net::ProxyFailure::NoPassword: return Obstacle::ProxyPassword;
  case net::ProxyFailure::Forbidden: return Obstacle::ProxyRefused;
  case net::ProxyFailure::Target: break;
  }
  return Obstacle::Connect;
}

Task<Opened> open_through_proxy(Worker& worker, SettingsPtr settings, net::HostPort place) {
  const config::Proxy& proxy = settings->values.proxy;
  const auto timeout = settings->values.limits.connect_timeout;
  net::ProxyTarget target{std::move(place), std::nullopt};
  if (!proxy.user.empty()) {
    target.login = {proxy.user, [&worker, name = proxy.credential()] { return password_now(worker, name); }};
    if (!target.login->password()) co_return tl::unexpected(Obstacle::ProxyPassword);
  }
  auto resolved = co_await worker.resolver().resolve(proxy.place.host, proxy.place.port, resolve_timeout);
  if (!resolved) co_return tl::unexpected(Obstacle::ProxyUnreachable);
  auto dialled = co_await worker.dialer().connect(std::move(*resolved), timeout);
  if (!dialled) co_return tl::unexpected(Obstacle::ProxyUnreachable);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto connect =
      proxy.place.protocol == config::ProxyProtocol::Socks5 ? net::connect_by_socks5 : net::connect_by_http;
  auto proxied = co_await connect(std::move(*dialled), std::move(target), deadline);
  if (!proxied) co_return tl::unexpected(obstacle_of(proxied.error()));
  co_return std::move(*proxied);
}

Task<Opened> open_by(SettingsPtr settings, Worker& worker, const ForwardRequest& request) {
  config::Destination to = config::make_destination(request.host, request.port);
  if (auto obstacle = judge(*settings, request, to)) co_return tl::unexpected(*obstacle);
  if (!settings->values.proxy.url.empty()) {
    auto place = place_behind_proxy(*settings, request, to);
    if (!place) co_return tl::unexpected(place.error());
    auto opened = co_await open_through_proxy(worker, settings, std::move(*place));
    co_return opened;
  }
  auto resolved = co_await worker.resolver().resolve(to.host, to.port, resolve_timeout);
  if (!resolved) co_return tl::unexpected(Obstacle::Name);
  auto addresses = admitted(*settings, request, to, std::move(*resolved));
  if (addresses.empty()) co_return tl::unexpected(Obstacle::Policy);
  auto dialled =
      co_await worker.dialer().connect(std::move(addresses), settings->values.limits.connect_timeout);
  if (!dialled) co_return tl::unexpected(Obstacle::Connect);
  co_return std::move(*dialled);
}

// One snapshot for the whole decision. A reload to another credential takes the password away before it was
// sent: then what is in force now decides anew.
Task<Opened> open_target(Worker& worker, const ForwardRequest& request) {
  for (int reloads = 0;; ++reloads) {
    SettingsPtr settings = worker.settings();
    Opened opened = co_await open_by(settings, worker, request);
    const bool overtaken =
        !opened && opened.error() == Obstacle::ProxyPassword && worker.settings() != settings;
    if (!overtaken || reloads == most_reloads_followed) co_return opened;
  }
}

} // namespace

std::string_view obstacle_word(Obstacle obstacle) {
  switch (obstacle) {
  case Obstacle::Policy: return "policy";
  case Obstacle::Constraint: return "constraint";
  case Obstacle::Reserved: return "reserved";
  case Obstacle::Port: return "port";
  case Obstacle::Name: return "name";
  case Obstacle::Connect: return "connect";
  case Obstacle::ProxyUnreachable: return "proxy-unreachable";
  case Obstacle::ProxyTimeout: return "proxy-timeout";
  case Obstacle::ProxyProtocol: return "proxy-protocol";
  case Obstacle::ProxyLogin: return "proxy-login";
  case Obstacle::ProxyPassword: return "proxy-password";
  case Obstacle::ProxyRefused: return "proxy-refused";
  }
  return "policy";
}

Task<> open_forward(Worker& worker, ForwardRequest request, std::function<void(Opened)> answer) {
  Opened opened = co_await open_target(worker, request);
  answer(std::move(opened));
}

} // namespace alk::listend
