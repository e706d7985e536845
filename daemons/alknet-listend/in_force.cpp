#include "in_force.hpp"

#include <algorithm>

namespace alk::listend {

namespace {

struct Limit {
  const char* name;
  std::uint64_t (*value)(const config::Limits&);
  const char* unit;
  const char* zero;
};

template <auto member>
std::uint64_t number(const config::Limits& limits) {
  return limits.*member;
}

template <auto member>
std::uint64_t time(const config::Limits& limits) {
  return static_cast<std::uint64_t>((limits.*member).count());
}

template <auto member>
std::uint64_t penalty(const config::Limits& limits) {
  return limits.penalties.*member;
}

template <auto member>
std::uint64_t penalty_time(const config::Limits& limits) {
  return static_cast<std::uint64_t>((limits.penalties.*member).count());
}

using Of = config::Limits;
using Penalty = config::Penalties;

constexpr const char* seconds = "seconds";

constexpr Limit table[] = {
    {"max_connections_per_ip", number<&Of::max_connections_per_ip>, "", "unlimited"},
    {"max_connections", number<&Of::max_connections>, "", "unlimited"},
    {"max_auth_attempts", number<&Of::max_auth_attempts>, "", "unlimited"},
    {"max_channels_per_session", number<&Of::max_channels_per_session>, "", ""},
    {"tls_handshake_timeout", time<&Of::tls_handshake_timeout>, seconds, ""},
    {"stealth_timeout", time<&Of::stealth_timeout>, seconds, ""},
    {"login_grace_time", time<&Of::login_grace_time>, seconds, ""},
    {"connect_timeout", time<&Of::connect_timeout>, seconds, ""},
    {"keepalive_interval", time<&Of::keepalive_interval>, seconds, "off"},
    {"keepalive_count_max", number<&Of::keepalive_count_max>, "", ""},
    {"penalties.enabled", penalty<&Penalty::enabled>, "", "off"},
    {"penalties.auth_failure", penalty_time<&Penalty::auth_failure>, seconds, "off"},
    {"penalties.no_auth", penalty_time<&Penalty::no_auth>, seconds, "off"},
    {"penalties.grace_exceeded", penalty_time<&Penalty::grace_exceeded>, seconds, "off"},
    {"penalties.protocol_error", penalty_time<&Penalty::protocol_error>, seconds, "off"},
    {"penalties.min", penalty_time<&Penalty::min>, seconds, ""},
    {"penalties.max", penalty_time<&Penalty::max>, seconds, ""},
    {"penalties.ipv4_prefix", penalty<&Penalty::ipv4_prefix>, "", ""},
    {"penalties.ipv6_prefix", penalty<&Penalty::ipv6_prefix>, "", ""},
};

std::vector<std::string> names(const std::vector<config::Transport>& transports) {
  std::vector<std::string> names;
  for (config::Transport transport : transports) names.emplace_back(config::transport_name(transport));
  return names;
}

} // namespace

std::string_view action_word(config::Action action) {
  return action == config::Action::Allow ? "allow" : "deny";
}

std::vector<bus::Dictionary> shown_rules(const config::Forwarding& forwarding) {
  std::vector<bus::Dictionary> shown;
  shown.reserve(forwarding.rules.size());
  for (const config::Rule& rule : forwarding.rules)
    shown.push_back({{"index", static_cast<std::uint32_t>(shown.size())},
                     {"target", rule.text},
                     {"action", std::string(action_word(rule.action))},
                     {"principals", rule.principals},
                     {"transports", names(rule.transports)}});
  return shown;
}

std::vector<bus::Dictionary> shown_limits(const config::Limits& limits) {
  std::vector<bus::Dictionary> shown;
  for (const Limit& limit : table)
    shown.push_back({{"name", std::string(limit.name)},
                     {"value", limit.value(limits)},
                     {"unit", std::string(limit.unit)},
                     {"zero", std::string(limit.zero)}});
  return shown;
}

static std::string fingerprint_of(const TlsContexts& contexts, const std::string& listener) {
  auto found = contexts.find(listener);
  if (found == contexts.end()) return {};
  auto facts = found->second->certificate();
  return facts ? facts->fingerprint : std::string();
}

std::vector<std::string> renewed_certificates(const config::Static& running, const TlsContexts& before,
                                              const TlsContexts& after) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < running.listeners.size(); ++i) {
    const config::Listener& listener = running.listeners[i];
    if (fingerprint_of(before, listener.name) == fingerprint_of(after, listener.name)) continue;
    std::string key =
        listener.tls.cert.empty() ? "server.tls.cert" : "listeners[" + std::to_string(i) + "].tls.cert";
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<std::string> expired_certificates(const TlsContexts& contexts, std::uint64_t now) {
  std::vector<std::string> listeners;
  for (const auto& [listener, context] : contexts)
    if (auto facts = context->certificate(); facts && facts->expires <= now) listeners.push_back(listener);
  return listeners;
}

std::vector<bus::Dictionary> shown_certificates(const TlsContexts& contexts) {
  std::vector<bus::Dictionary> shown;
  for (const auto& [listener, context] : contexts)
    if (auto facts = context->certificate())
      shown.push_back(
          {{"listener", listener}, {"expires", facts->expires}, {"self_signed", facts->self_signed}});
  return shown;
}

} // namespace alk::listend
