#include "metrics.hpp"

#include "json.hpp"

#include <algorithm>
#include <set>

namespace alk::alknetctl {

namespace {

Metric gauge(const char* name, const char* help, std::vector<Sample> samples) {
  return {name, "gauge", help, std::move(samples)};
}

void add_listend(std::vector<Metric>& all, const clients::ListenStatus& status) {
  all.push_back(
      gauge("alknet_build_info", "Version of alknet-listend", {{{{"version", status.version}}, 1}}));
  all.push_back(
      gauge("alknet_start_time_seconds", "When alknet-listend was started", {{{}, status.started_at}}));
  all.push_back(gauge("alknet_config_generation", "Configuration in force", {{{}, status.generation}}));
  all.push_back(
      gauge("alknet_connections", "Accepted connections that still live", {{{}, status.connections}}));
  all.push_back(gauge("alknet_sessions", "Established SSH sessions", {{{}, status.sessions}}));
  Metric active = gauge("alknet_listener_active", "Whether the listener has a socket", {});
  for (const auto& listener : status.listeners)
    active.samples.push_back(
        {{{"listener", listener.name}, {"transport", listener.transport}}, listener.active});
  all.push_back(std::move(active));
  Metric expires =
      gauge("alknet_certificate_expires_seconds", "When the certificate of the listener expires", {});
  for (const auto& certificate : status.certificates)
    expires.samples.push_back({{{"listener", certificate.listener}}, certificate.expires});
  all.push_back(std::move(expires));
}

void add_authd(std::vector<Metric>& all, const clients::ListenStatus& status, const Result<AuthInfo>& auth) {
  all.push_back(
      gauge("alknet_authd_up", "Whether alknet-authd answers", {{{}, auth || status.auth_available}}));
  if (!auth) return;
  all.push_back(gauge("alknet_authorized_keys", "Keys that may log in", {{{}, auth->keys}}));
  all.push_back(gauge("alknet_certificate_authorities", "Certificate authorities in the key files",
                      {{{}, auth->certificate_authorities}}));
  all.push_back(gauge("alknet_config_agrees", "Whether both daemons decide by the same configuration",
                      {{{}, auth->config_digest == status.config_digest}}));
}

// A name that came twice, or one that no text format can hold, would make the whole text unreadable.
void append(std::vector<Metric>& all, Result<std::vector<Metric>> more) {
  if (!more) return;
  std::set<std::string> known;
  for (const Metric& metric : all) known.insert(metric.name);
  for (Metric& metric : *more)
    if (known.insert(metric.name).second) all.push_back(std::move(metric));
}

// One that D-Bus starts when it is needed: it may well not run.
void add_on_demand(std::vector<Metric>& all, const char* up, const char* help,
                   Result<std::vector<Metric>> counted) {
  all.push_back(gauge(up, help, {{{}, counted.has_value()}}));
  append(all, std::move(counted));
}

bool is_name(const std::string& name) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), fits);
}

std::string escaped(const std::string& value, bool quotes) {
  std::string text;
  for (char c : value) {
    if (c == '\\' || (quotes && c == '"')) text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

std::string label_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels)
    if (is_name(name)) text += (text.empty() ? "{" : ",") + name + "=\"" + escaped(value, true) + "\"";
  return text.empty() ? text : text + "}";
}

void print(const std::vector<Metric>& all, const Output& output) {
  if (output.format == Format::Text) {
    output.out << exposition(all) << std::flush;
    return;
  }
  Json document = Json::array();
  for (const Metric& metric : all)
    for (const Sample& sample : metric.samples)
      document.push_back(
          {{"name", metric.name}, {"type", metric.type}, {"labels", sample.labels}, {"value", sample.value}});
  print_json(document, output);
}

constexpr const char* listend_up = "alknet_up";
constexpr const char* listend_up_help = "Whether alknet-listend answers";

} // namespace

Result<std::vector<Metric>> gather_metrics(Admin& admin) {
  ALK_TRY(clients::ListenStatus status, admin.status());
  ALK_TRY(std::vector<Metric> counted, admin.metrics());
  std::vector<Metric> all{gauge(listend_up, listend_up_help, {{{}, 1}})};
  add_listend(all, status);
  append(all, std::move(counted));
  add_authd(all, status, admin.auth_info());
  append(all, admin.auth_metrics());
  add_on_demand(all, "alknet_stored_up", "Whether alknet-stored runs and answers", admin.store_metrics());
  add_on_demand(all, "alknet_secretd_up", "Whether alknet-secretd runs and answers", admin.secret_metrics());
  return all;
}

std::vector<Metric> metrics_of_nothing() {
  return {gauge(listend_up, listend_up_help, {{{}, 0}})};
}

std::string exposition(const std::vector<Metric>& metrics) {
  std::string text;
  for (const Metric& metric : metrics) {
    if (metric.samples.empty() || !is_name(metric.name)) continue;
    const std::string type = metric.type == "counter" || metric.type == "gauge" ? metric.type : "untyped";
    text += "# HELP " + metric.name + " " + escaped(metric.help, false) + "\n";
    text += "# TYPE " + metric.name + " " + type + "\n";
    for (const Sample& sample : metric.samples)
      text += metric.name + label_text(sample.labels) + " " + std::to_string(sample.value) + "\n";
  }
  return text;
}

int metrics(Admin& admin, const Output& output) {
  auto all = gather_metrics(admin);
  if (!all) return metrics_of_absent(all.error(), output);
  print(*all, output);
  return exit_ok;
}

int metrics_of_absent(const Error& error, const Output& output) {
  if (error.kind != Kind::Gone) return report(error, output);
  print(metrics_of_nothing(), output);
  return exit_not_running;
}

} // namespace alk::alknetctl
