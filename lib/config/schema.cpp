#include "config/schema.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "config/key_source.hpp"

#include <algorithm>

namespace alk::config {

static constexpr Word<Transport> transport_words[] = {{"tcp", Transport::Tcp}, {"tls", Transport::Tls}};
static constexpr Word<Action> action_words[] = {{"allow", Action::Allow}, {"deny", Action::Deny}};
static constexpr Word<Overflow> overflow_words[] = {{"permissive", Overflow::Permissive},
                                                    {"deny-all", Overflow::DenyAll}};
static constexpr Word<Provider> provider_words[] = {{"configured", Provider::Configured},
                                                    {"accounts", Provider::Accounts}};
static constexpr Word<int> key_source_words[] = {{"shared", 0}};
static constexpr Word<int> interface_words[] = {{"ssh", 0}};

static constexpr std::size_t name_limit = 64;     // of a listener; FDNAME_MAX of the service manager is 255
static constexpr Range connections{0, 1'000'000}; // more descriptors than a process gets
static constexpr Range short_time{1, 600};
static constexpr Range drain_time{1, 30 * 86'400};
static constexpr Range channels{1, 65'535}; // each may hold some 2 MB; more than any session opens

static constexpr std::size_t key_prefix_limit = 8;       // what a database keeps of a key as well
static constexpr Range moments{1, 4'294'967'295};        // Unix seconds, until 2106
static constexpr Range key_life{1, 100 * 365 * 86'400u}; // of an API key: a century
static constexpr Range token_age{1, 86'400};             // a token can be replayed for that long

static constexpr LimitKey limits[] = {
    {"max_connections_per_ip", &Limits::max_connections_per_ip, connections},
    {"max_connections", &Limits::max_connections, connections},
    {"max_auth_attempts", &Limits::max_auth_attempts, {0, 1000}},
    {"max_channels_per_session", &Limits::max_channels_per_session, channels},
    {"tls_handshake_timeout", &Limits::tls_handshake_timeout, short_time},
    {"stealth_timeout", &Limits::stealth_timeout, short_time},
    {"login_grace_time", &Limits::login_grace_time, {1, 3600}},
    {"connect_timeout", &Limits::connect_timeout, short_time},
    {"keepalive_interval", &Limits::keepalive_interval, {0, 3600}},
    {"keepalive_count_max", &Limits::keepalive_count_max, {1, 100}},
};

static constexpr Range penalty_time{0, 86'400}; // a day: longer bans are the business of a firewall
static constexpr PenaltyKey penalties[] = {
    {"auth_failure", &Penalties::auth_failure, penalty_time},
    {"no_auth", &Penalties::no_auth, penalty_time},
    {"grace_exceeded", &Penalties::grace_exceeded, penalty_time},
    {"protocol_error", &Penalties::protocol_error, penalty_time},
    {"min", &Penalties::min, penalty_time},
    {"max", &Penalties::max, {1, penalty_time.most}},
    {"ipv4_prefix", &Penalties::ipv4_prefix, {8, 32}},
    {"ipv6_prefix", &Penalties::ipv6_prefix, {16, 128}},
};

std::span<const LimitKey> limit_keys() {
  return limits;
}

std::span<const PenaltyKey> penalty_keys() {
  return penalties;
}

bool Listener::is_proxy(const IpAddress& source) const {
  return std::any_of(proxy_protocol_from.begin(), proxy_protocol_from.end(),
                     [&](const Network& network) { return network.contains(source); });
}

std::string_view transport_name(Transport transport) {
  for (auto& word : transport_words)
    if (word.value == transport) return word.text;
  return "";
}

static void read_tls(Section& section, TlsFiles& tls) {
  section.table("tls", [&](Section& below) {
    below.text("cert", tls.cert);
    below.text("key", tls.key);
  });
}

static constexpr std::size_t proxy_user_limit = 255; // RFC 1929 section 2

// As alknet-stored takes it.
static bool is_credential_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::string Proxy::credential() const {
  return password.substr(std::min(password.size(), secret_prefix.size()));
}

static void check_proxy_password(Section& section, const std::string& password) {
  if (password.starts_with(credential_prefix))
    section.problem("password", "is no credential of the service manager: keep it with `alknetctl credential "
                                "add NAME` and write \"secret:NAME\"");
  else if (!password.starts_with(secret_prefix))
    section.problem("password", "must be \"secret:NAME\" (alknetctl credential add NAME), not the password "
                                "itself: everybody may read this file");
  else if (!is_credential_name(std::string_view(password).substr(secret_prefix.size())))
    section.problem("password", "must have a name of a-z, 0-9 and \"-\" behind \"secret:\", 64 at most");
}

static void read_proxy(Section& section, Proxy& proxy) {
  if (section.text("url", proxy.url)) {
    auto place = proxy.url.empty() ? Result<ProxyUrl>(ProxyUrl{}) : parse_proxy_url(proxy.url);
    if (place)
      proxy.place = std::move(*place);
    else
      section.problem("url", place.error().what);
  }
  if (section.text("user", proxy.user) && proxy.user.size() > proxy_user_limit)
    section.problem("user", "must have 255 bytes at most");
  if (section.text("password", proxy.password) && !proxy.password.empty())
    check_proxy_password(section, proxy.password);
}

static bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= name_limit && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '_' ||
           c == '-';
  });
}

static bool good_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == text.npos || !parse_port(text.substr(colon + 1))) return false;
  auto host = text.substr(0, colon);
  return parse_ip(host) && (host.find(':') == host.npos || host.starts_with('['));
}

static void read_networks(Section& section, std::string_view key, std::vector<Network>& networks) {
  std::vector<std::string> texts;
  if (!section.has(key)) return section.texts(key, texts);
  section.texts(key, texts);
  networks.clear();
  for (auto& text : texts) {
    if (auto network = parse_network(text))
      networks.push_back(*network);
    else
      section.problem(key, "entry " + std::to_string(&text - texts.data() + 1) +
                               " is neither an address nor a network such as \"10.0.0.0/8\"");
  }
}

static void read_listener(Section& section, Listener& listener) {
  section.require("name");
  if (section.text("name", listener.name) && !good_name(listener.name))
    section.problem("name", "must be 1 to 64 letters, digits, dots, dashes or underscores");
  section.word<Transport>("transport", listener.transport, transport_words);
  section.require("transport");
  int ssh = 0;
  section.word<int>("interface", ssh, interface_words);
  if (section.text("listen", listener.listen) && !good_endpoint(listener.listen))
    section.problem("listen", "must be ADDRESS:PORT or [IPV6]:PORT");
  section.flag("stealth", listener.stealth);
  read_tls(section, listener.tls);
  section.text("web_root", listener.web_root);
  read_networks(section, "proxy_protocol_from", listener.proxy_protocol_from);
}

static void read_rule(Section& section, Rule& rule) {
  section.require("target");
  if (section.text("target", rule.text)) {
    if (auto target = parse_target(rule.text))
      rule.target = std::move(*target);
    else
      section.problem("target", target.error().what);
  }
  section.word<Action>("action", rule.action, action_words);
  section.require("action");
  section.texts("principals", rule.principals);
  if (std::find(rule.principals.begin(), rule.principals.end(), "") != rule.principals.end())
    section.problem("principals", "an empty text is nobody: leave the key out, or write \"*\", for everyone");
  section.words<Transport>("transports", rule.transports, transport_words);
}

template <class Values>
static void read_numbers(Section& section, std::span<const NumberKey<Values>> rows, Values& values) {
  for (auto& row : rows) {
    if (auto* number = std::get_if<std::uint32_t Values::*>(&row.member))
      section.count(row.key, values.**number, row.range);
    else
      section.duration(row.key, values.*std::get<std::chrono::seconds Values::*>(row.member), row.range);
  }
}

static void read_penalties(Section& section, Penalties& values) {
  section.flag("enabled", values.enabled);
  read_numbers<Penalties>(section, penalties, values);
  section.word<Overflow>("overflow", values.overflow, overflow_words);
  read_networks(section, "exempt", values.exempt);
}

static void read_limits(Section& section, Limits& values) {
  read_numbers<Limits>(section, limits, values);
  section.table("penalties", [&](Section& below) { read_penalties(below, values.penalties); });
}

std::optional<std::uint64_t> ApiKey::expires() const {
  if (expires_at != 0) return expires_at;
  if (created_at == 0 || ttl.count() == 0) return std::nullopt;
  return created_at + static_cast<std::uint64_t>(ttl.count());
}

static bool good_hash(std::string_view text) {
  if (!text.starts_with(api_key_hash_prefix)) return false;
  text.remove_prefix(std::string_view(api_key_hash_prefix).size());
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

static bool good_key_prefix(std::string_view text) {
  return text.starts_with(api_key_start) && text.size() <= key_prefix_limit &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

static void read_api_key(Section& section, ApiKey& key) {
  if (section.text("prefix", key.prefix) && !good_key_prefix(key.prefix))
    section.problem("prefix", "must be the first 4 to 8 characters of the key, which begins with \"alk_\"");
  section.require("hash");
  if (section.text("hash", key.hash) && !good_hash(key.hash))
    section.problem("hash", "must be \"sha256:\" and 64 lower-case hexadecimal digits");
  section.texts("scopes", key.scopes);
  if (std::find(key.scopes.begin(), key.scopes.end(), "") != key.scopes.end())
    section.problem("scopes", "an empty text is no scope");
  section.text("description", key.description);
  section.count("expires_at", key.expires_at, moments);
  section.count("created_at", key.created_at, moments);
  section.duration("ttl", key.ttl, key_life);
  if (section.has("ttl") && !section.has("created_at"))
    section.problem("ttl", "needs created_at: it would begin anew with every reload");
  if (section.has("ttl") && section.has("expires_at")) section.problem("ttl", "stands beside expires_at");
}

static void read_host_key(Section& section, Static& fixed) {
  if (!section.text("host_key", fixed.host_key)) return;
  if (fixed.host_key.starts_with(secret_host_key) && fixed.host_key != secret_host_key)
    section.problem("host_key", "nothing stands behind \"secret:\": the seed has one SSH host key");
}

static void read_auth(Section& section, Static& fixed, Auth& auth) {
  read_host_key(section, fixed);
  section.flag("disconnect_revoked", auth.disconnect_revoked);
  section.words<Provider>("providers", auth.providers, provider_words);
  auto asked = [&](Provider provider) {
    return std::count(auth.providers.begin(), auth.providers.end(), provider);
  };
  if (asked(Provider::Configured) != 1 || asked(Provider::Accounts) > 1)
    section.problem("providers", "must hold \"configured\", and each at most once");
  section.table("ssh", [&](Section& below) {
    auto keys = [&](std::string_view key, std::vector<std::string>& entries) {
      below.texts(key, entries);
      if (std::find(entries.begin(), entries.end(), "") != entries.end())
        below.problem(key, "an empty text is neither a path nor a key");
    };
    keys("authorized_keys", auth.authorized_keys);
    keys("cert_authorities", auth.cert_authorities);
  });
  section.table("token", [&](Section& below) {
    below.flag("enabled", auth.token.enabled);
    below.duration("max_token_age", auth.token.max_token_age, token_age);
    int shared = 0;
    below.word<int>("key_source", shared, key_source_words);
  });
  section.tables("api_keys", auth.api_keys, read_api_key);
}

// As ssh-keygen -l prints it: "SHA256:" and unpadded base64 of 32 bytes.
static bool is_fingerprint(std::string_view text) {
  constexpr std::string_view head = "SHA256:";
  if (!text.starts_with(head)) return false;
  auto digest = base64_decode(std::string(text.substr(head.size())) + "=");
  return digest && digest->size() == 32;
}

static void read_secrets(Section& section, Secrets& secrets) {
  if (section.text("identity", secrets.identity) && !secrets.identity.empty() &&
      !is_fingerprint(secrets.identity))
    section.problem("identity",
                    "must be a fingerprint as `alknetctl secret status` prints it, \"SHA256:...\"");
}

// Everybody may read the configuration. What is written in another way (%70assword=) is refused by the
// engine.
static bool has_password(std::string_view url) {
  const std::size_t begin = url.find("://") + 3;
  const std::string_view authority = url.substr(begin, url.find_first_of("/?", begin) - begin);
  const std::size_t user_end = authority.rfind('@');
  if (user_end != std::string_view::npos && authority.substr(0, user_end).find(':') != std::string_view::npos)
    return true;
  const std::string_view query = url.substr(std::min(url.find('?'), url.size()));
  return query.find("password") != std::string_view::npos; // sslpassword=, too
}

static void read_storage(Section& section, Storage& storage) {
  if (section.text("url", storage.url) && !storage.url.empty()) {
    if (!storage.url.starts_with("postgresql://"))
      section.problem("url", "must begin with \"postgresql://\"");
    else if (has_password(storage.url))
      section.problem("url",
                      "must not hold a password: name a credential in storage.password, or use a passfile");
  }
  section.text("password", storage.password);
  if (!storage.password.empty() && !storage.password.starts_with('/') &&
      !storage.password.starts_with(credential_prefix))
    section.problem("password", "must be \"credential:NAME\" or an absolute path, not the password itself");
}

static void resolve(const std::string& directory, std::string& path) {
  if (path.empty() || path.starts_with('/') || path.starts_with(credential_prefix) || path == secret_host_key)
    return;
  path = directory + "/" + path;
}

void resolve_paths(const std::string& directory, Configuration& into) {
  if (directory.empty()) return;
  for (auto* path : {&into.fixed.host_key, &into.fixed.server.tls.cert, &into.fixed.server.tls.key})
    resolve(directory, *path);
  for (auto& listener : into.fixed.listeners)
    for (auto* path : {&listener.tls.cert, &listener.tls.key, &listener.web_root}) resolve(directory, *path);
  for (auto* entries : {&into.dynamic.auth.authorized_keys, &into.dynamic.auth.cert_authorities})
    for (auto& entry : *entries)
      if (!is_key_line(entry)) resolve(directory, entry);
}

void read_document(const Node* document, Configuration& into, Report& report) {
  Section root(report, document);
  bool host_key_in_server = false;
  root.table("server", [&](Section& below) {
    read_tls(below, into.fixed.server.tls);
    below.duration("drain_deadline", into.fixed.server.drain_deadline, drain_time);
    below.table("proxy", [&](Section& inside) { read_proxy(inside, into.dynamic.proxy); });
    read_host_key(below, into.fixed);
    host_key_in_server = below.has("host_key");
  });
  root.tables("listeners", into.fixed.listeners, read_listener);
  root.table("auth", [&](Section& below) {
    if (host_key_in_server && below.has("host_key"))
      below.problem("host_key", "is in [server] as well: keep one of them");
    read_auth(below, into.fixed, into.dynamic.auth);
  });
  root.table("forwarding", [&](Section& below) {
    below.word<Action>("default", into.dynamic.forwarding.default_action, action_words);
    below.tables("rules", into.dynamic.forwarding.rules, read_rule);
  });
  root.table("limits", [&](Section& below) { read_limits(below, into.dynamic.limits); });
  root.table("storage", [&](Section& below) { read_storage(below, into.fixed.storage); });
  root.table("secrets", [&](Section& below) { read_secrets(below, into.dynamic.secrets); });
}

} // namespace alk::config
