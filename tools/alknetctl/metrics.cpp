#include "metrics.hpp"

#include "json.hpp"

#include <algorithm>

namespace alk::alknetctl {

namespace {

struct Use {
  std::uint64_t sessions = 0;
  std::uint64_t channels = 0;
};

// The identities with the most sessions, and all others as one.
std::vector<std::pair<std::string, Use>> use_by_identity(const std::vector<clients::SessionInfo>& sessions) {
  std::map<std::string, Use> all;
  for (const auto& session : sessions) {
    Use& use = all[session.identity];
    ++use.sessions;
    use.channels += session.channels;
  }
  std::vector<std::pair<std::string, Use>> ranked(all.begin(), all.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second.sessions > b.second.sessions; });
  if (ranked.size() <= most_identities) return ranked;
  Use rest;
  for (std::size_t i = most_identities; i < ranked.size(); ++i) {
    rest.sessions += ranked[i].second.sessions;
    rest.channels += ranked[i].second.channels;
  }
  ranked.resize(most_identities);
  ranked.emplace_back(other_identities, rest);
  return ranked;
}

void add_listend(std::vector<Gauge>& all, const clients::ListenStatus& status) {
  all.push_back({"alknet_build_info", "Version of alknet-listend", {{{{"version", status.version}}, 1}}});
  all.push_back({"alknet_start_time_seconds", "When alknet-listend was started", {{{}, status.started_at}}});
  all.push_back({"alknet_config_generation", "Configuration in force", {{{}, status.generation}}});
  all.push_back({"alknet_connections", "Accepted connections that still live", {{{}, status.connections}}});
  all.push_back({"alknet_sessions", "Established SSH sessions", {{{}, status.sessions}}});
  Gauge active{"alknet_listener_active", "Whether the listener has a socket", {}};
  for (const auto& listener : status.listeners)
    active.samples.push_back(
        {{{"listener", listener.name}, {"transport", listener.transport}}, listener.active});
  all.push_back(std::move(active));
  Gauge expires{"alknet_certificate_expires_seconds", "When the certificate of the listener expires", {}};
  for (const auto& certificate : status.certificates)
    expires.samples.push_back({{{"listener", certificate.listener}}, certificate.expires});
  all.push_back(std::move(expires));
}

void add_sessions(std::vector<Gauge>& all, const std::vector<clients::SessionInfo>& sessions) {
  std::map<std::string, std::uint64_t> by_listener;
  std::uint64_t open = 0;
  for (const auto& session : sessions) {
    ++by_listener[session.listener];
    open += session.channels;
  }
  all.push_back({"alknet_channels", "Open channels of all sessions", {{{}, open}}});
  Gauge listeners{"alknet_listener_sessions", "Established SSH sessions by listener", {}};
  for (const auto& [listener, count] : by_listener)
    listeners.samples.push_back({{{"listener", listener}}, count});
  all.push_back(std::move(listeners));
  Gauge uses{"alknet_identity_sessions", "Established SSH sessions by identity, at most 100 and other", {}};
  Gauge channels{"alknet_identity_channels", "Open channels by identity, at most 100 and other", {}};
  for (const auto& [identity, use] : use_by_identity(sessions)) {
    uses.samples.push_back({{{"identity", identity}}, use.sessions});
    channels.samples.push_back({{{"identity", identity}}, use.channels});
  }
  all.push_back(std::move(uses));
  all.push_back(std::move(channels));
}

void add_authd(std::vector<Gauge>& all, const clients::ListenStatus& status, const Result<AuthInfo>& auth) {
  all.push_back({"alknet_authd_up", "Whether alknet-authd answers", {{{}, auth || status.auth_available}}});
  if (!auth) return;
  all.push_back({"alknet_authorized_keys", "Keys that may log in", {{{}, auth->keys}}});
  all.push_back({"alknet_certificate_authorities",
                 "Certificate authorities in the key files",
                 {{{}, auth->certificate_authorities}}});
  all.push_back({"alknet_config_agrees",
                 "Whether both daemons decide by the same configuration",
                 {{{}, auth->config_digest == status.config_digest}}});
}

std::string escaped(const std::string& value) {
  std::string text;
  for (char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

std::string label_text(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels)
    text += (text.empty() ? "{" : ",") + name + "=\"" + escaped(value) + "\"";
  return text.empty() ? text : text + "}";
}

void print(const std::vector<Gauge>& all, const Output& output) {
  if (output.format == Format::Text) {
    output.out << exposition(all);
    return;
  }
  Json document = Json::array();
  for (const Gauge& gauge : all)
    for (const auto& sample : gauge.samples)
      document.push_back({{"name", gauge.name}, {"labels", sample.labels}, {"value", sample.value}});
  print_json(document, output);
}

} // namespace

std::vector<Gauge> gauges(const clients::ListenStatus& status,
                          const std::vector<clients::SessionInfo>& sessions, const Result<AuthInfo>& auth) {
  std::vector<Gauge> all{{"alknet_up", "Whether alknet-listend answers", {{{}, 1}}}};
  add_listend(all, status);
  add_sessions(all, sessions);
  add_authd(all, status, auth);
  return all;
}

std::string exposition(const std::vector<Gauge>& gauges) {
  std::string text;
  for (const Gauge& gauge : gauges) {
    if (gauge.samples.empty()) continue;
    const std::string name = gauge.name;
    text += "# HELP " + name + " " + gauge.help + "\n# TYPE " + name + " gauge\n";
    for (const auto& sample : gauge.samples)
      text += name + label_text(sample.labels) + " " + std::to_string(sample.value) + "\n";
  }
  return text;
}

int metrics(Admin& admin, const Output& output) {
  auto status = admin.status();
  if (!status) return metrics_of_absent(status.error(), output);
  auto sessions = admin.sessions();
  if (!sessions) return report(sessions.error(), output);
  print(gauges(*status, *sessions, admin.auth_info()), output);
  return exit_ok;
}

// A collector has to see that the server is down, not that there is nothing to see.
int metrics_of_absent(const Error& error, const Output& output) {
  if (error.kind != Kind::Gone) return report(error, output);
  print({{"alknet_up", "Whether alknet-listend answers", {{{}, 0}}}}, output);
  return exit_not_running;
}

} // namespace alk::alknetctl
