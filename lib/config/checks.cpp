// What keys mean together, and what is allowed but risky.
#include "config/key_source.hpp"
#include "config/schema.hpp"

#include <algorithm>

#include <sys/stat.h>

namespace alk::config {

static void check_pair(const TlsFiles& tls, const std::string& path, Report& report) {
  if (!tls.cert.empty() && tls.key.empty())
    report.problem_at(path + ".cert", "a certificate needs its key as well");
  if (tls.cert.empty() && !tls.key.empty())
    report.problem_at(path + ".key", "a key needs its certificate as well");
}

static void check_listener(const Listener& listener, const std::string& path, const Static& fixed,
                           Report& report) {
  bool tls = listener.transport == Transport::Tls;
  if (listener.stealth && !tls) report.problem_at(path + ".stealth", "needs transport = \"tls\"");
  if (listener.tls != TlsFiles{} && !tls) report.problem_at(path + ".tls", "needs transport = \"tls\"");
  if (!listener.web_root.empty() && !listener.stealth)
    report.problem_at(path + ".web_root", "needs stealth = true");
  for (const Network& network : listener.proxy_protocol_from)
    if (network.bits == 0)
      report.warning_at(path + ".proxy_protocol_from",
                        "everybody must say who he is and is believed: logs, limits and from= mean nothing");
  check_pair(listener.tls, path + ".tls", report);
  if (tls && tls_files(fixed, listener) == TlsFiles{})
    report.problem_at(path, "a TLS listener needs tls.cert and tls.key, here or in [server.tls]");
}

static void check_names(const std::vector<Listener>& listeners, Report& report) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < listeners.size(); ++i)
    if (!listeners[i].name.empty() && !names.insert(listeners[i].name).second)
      report.problem_at("listeners[" + std::to_string(i) + "].name", "another listener has this name");
}

static void check_risks(const Configuration& whole, Report& report) {
  auto& forwarding = whole.dynamic.forwarding;
  if (whole.fixed.listeners.empty()) report.warning_at("listeners", "there is none: nobody can connect");
  const Auth& auth = whole.dynamic.auth;
  if (auth.authorized_keys.empty() && auth.cert_authorities.empty() && auth.providers.size() == 1)
    report.warning_at("auth.ssh.authorized_keys", "there are none: nobody can log in");
  if (forwarding.default_action == Action::Allow && forwarding.rules.empty())
    report.warning_at("forwarding.default",
                      "everyone who can log in may connect to everything this machine reaches");
}

static void check_penalties(const Penalties& penalties, Report& report) {
  if (penalties.min > penalties.max)
    report.problem_at("limits.penalties.min", "is more than max: nobody would ever be refused");
}

// An API key's prefix is its identity, and its hash what a revocation goes by.
static void check_api_keys(const std::vector<ApiKey>& keys, Report& report) {
  std::set<std::string> prefixes, hashes;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string path = "auth.api_keys[" + std::to_string(i) + "].";
    if (!prefixes.insert(keys[i].prefix).second)
      report.problem_at(path + "prefix", "another API key has this prefix; take more characters of the key");
    if (!keys[i].hash.empty() && !hashes.insert(keys[i].hash).second)
      report.problem_at(path + "hash", "another API key has this hash");
  }
}

// The host of "postgresql://USER@HOST:PORT/..." is on another machine. "" and a directory are a socket here.
static bool is_remote(std::string_view url) {
  url.remove_prefix(std::min(url.size(), std::string_view("postgresql://").size()));
  if (url.find("host=") != url.npos) return url.find("host=/") == url.npos && url.find("host=%2") == url.npos;
  std::string_view host = url.substr(0, url.find_first_of("/?"));
  host.remove_prefix(host.find('@') + 1); // npos + 1 is 0
  return !host.empty() && !host.starts_with('%') && !host.starts_with("localhost") &&
         !host.starts_with("127.0.0.1") && !host.starts_with("[::1]");
}

static void check_storage(const Storage& storage, Report& report) {
  if (!storage.url.empty() && is_remote(storage.url) &&
      storage.url.find("sslmode=verify-full") == storage.url.npos)
    report.warning_at("storage.url", "whoever is on the way to the server can read and change everything: "
                                     "append \"?sslmode=verify-full\"");
}

static bool is_here(const ProxyUrl& place) {
  const auto address = parse_ip(place.host);
  if (!address) return place.host == "localhost";
  return address->size == 4 ? address->bytes[0] == 127 : *address == *parse_ip("::1");
}

static bool speaks_of_addresses(const Forwarding& forwarding) {
  return std::any_of(forwarding.rules.begin(), forwarding.rules.end(), [](const Rule& rule) {
    return rule.target.kind == Target::Kind::Cidr && rule.action == Action::Deny;
  });
}

static void check_proxy(const Proxy& proxy, const Forwarding& forwarding, Report& report) {
  if (proxy.user.empty() != proxy.password.empty())
    report.problem_at(proxy.user.empty() ? "server.proxy.password" : "server.proxy.user",
                      "user and password stand together or not at all");
  if (proxy.url.empty()) {
    if (!proxy.user.empty()) report.problem_at("server.proxy.user", "needs url");
    return;
  }
  if (proxy.place.protocol == ProxyProtocol::HttpConnect && proxy.user.find(':') != proxy.user.npos)
    report.problem_at("server.proxy.user", "must not hold a colon: HTTP ends the user there");
  if (!proxy.password.empty() && !is_here(proxy.place))
    report.warning_at("server.proxy.password", "whoever is on the way to the proxy can read it");
  if (speaks_of_addresses(forwarding))
    report.warning_at("server.proxy.url", "names are resolved by the proxy: rules that deny addresses are "
                                          "not asked about what they resolve to");
}

void check_whole(const Configuration& whole, Report& report) {
  check_pair(whole.fixed.server.tls, "server.tls", report);
  check_names(whole.fixed.listeners, report);
  for (std::size_t i = 0; i < whole.fixed.listeners.size(); ++i)
    check_listener(whole.fixed.listeners[i], "listeners[" + std::to_string(i) + "]", whole.fixed, report);
  check_api_keys(whole.dynamic.auth.api_keys, report);
  check_penalties(whole.dynamic.limits.penalties, report);
  check_storage(whole.fixed.storage, report);
  check_proxy(whole.dynamic.proxy, whole.dynamic.forwarding, report);
  check_risks(whole, report);
}

static void check_key_file(const std::string& file, const std::string& key, Report& report,
                           const std::string& what = "the private key file") {
  struct stat status {};
  if (file.empty() || file.starts_with(credential_prefix) || file == secret_host_key ||
      ::stat(file.c_str(), &status) != 0)
    return;
  if (status.st_mode & S_IROTH) report.warning_at(key, what + " can be read by everybody on this machine");
}

void check_key_files(const Configuration& whole, Report& report) {
  const bool in_server = report.was_set("server.host_key");
  check_key_file(whole.fixed.host_key, in_server ? "server.host_key" : "auth.host_key", report);
  check_key_file(whole.fixed.server.tls.key, "server.tls.key", report);
  check_key_file(whole.fixed.storage.password, "storage.password", report, "the password's file");
  for (std::size_t i = 0; i < whole.fixed.listeners.size(); ++i)
    check_key_file(whole.fixed.listeners[i].tls.key, "listeners[" + std::to_string(i) + "].tls.key", report);
}

} // namespace alk::config
