#include "forwarder.hpp"

#include "config/ip_address.hpp"
#include "worker.hpp"

namespace alk::listend {

namespace {

// Looking up a name. getaddrinfo's own limit is longer, but the client waits for the channel.
constexpr std::chrono::seconds resolve_timeout{10};

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

Task<Opened> open_target(Worker& worker, const ForwardRequest& request) {
  SettingsPtr settings = worker.settings(); // one snapshot for the whole decision
  config::Destination to = config::make_destination(request.host, request.port);
  if (auto obstacle = judge(*settings, request, to)) co_return tl::unexpected(*obstacle);
  auto resolved = co_await worker.resolver().resolve(to.host, to.port, resolve_timeout);
  if (!resolved) co_return tl::unexpected(Obstacle::Name);
  auto addresses = admitted(*settings, request, to, std::move(*resolved));
  if (addresses.empty()) co_return tl::unexpected(Obstacle::Policy);
  auto dialled =
      co_await worker.dialer().connect(std::move(addresses), settings->values.limits.connect_timeout);
  if (!dialled) co_return tl::unexpected(Obstacle::Connect);
  co_return std::move(*dialled);
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
  }
  return "policy";
}

Task<> open_forward(Worker& worker, ForwardRequest request, std::function<void(Opened)> answer) {
  Opened opened = co_await open_target(worker, request);
  answer(std::move(opened));
}

} // namespace alk::listend
