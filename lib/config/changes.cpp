// What differs between two configurations, as dotted keys.
#include "config/schema.hpp"

namespace alk::config {

using Keys = std::vector<std::string>;

template <class Value>
static void compare(Keys& keys, std::string key, const Value& before, const Value& after) {
  if (!(before == after)) keys.push_back(std::move(key));
}

// Element by element while there are as many as before, else the array alone: then no index means the same.
template <class Element, class Compare>
static void compare_all(Keys& keys, const std::string& key, const std::vector<Element>& before,
                        const std::vector<Element>& after, Compare&& compare_one) {
  if (before.size() != after.size()) {
    keys.push_back(key);
    return;
  }
  for (std::size_t i = 0; i < before.size(); ++i)
    compare_one(key + "[" + std::to_string(i) + "].", before[i], after[i]);
}

static void compare_tls(Keys& keys, const std::string& head, const TlsFiles& before, const TlsFiles& after) {
  compare(keys, head + "tls.cert", before.cert, after.cert);
  compare(keys, head + "tls.key", before.key, after.key);
}

template <class Values>
static void compare_numbers(Keys& keys, const std::string& head, std::span<const NumberKey<Values>> rows,
                            const Values& before, const Values& after) {
  for (auto& row : rows)
    std::visit(
        [&](auto member) { compare(keys, head + std::string(row.key), before.*member, after.*member); },
        row.member);
}

static void compare_penalties(Keys& keys, const Penalties& before, const Penalties& after) {
  const std::string head = "limits.penalties.";
  compare(keys, head + "enabled", before.enabled, after.enabled);
  compare_numbers(keys, head, penalty_keys(), before, after);
  compare(keys, head + "overflow", before.overflow, after.overflow);
  compare(keys, head + "exempt", before.exempt, after.exempt);
}

std::vector<std::string> changed_keys(const Dynamic& before, const Dynamic& after) {
  Keys keys;
  compare(keys, "server.proxy.url", before.proxy.url, after.proxy.url);
  compare(keys, "server.proxy.user", before.proxy.user, after.proxy.user);
  compare(keys, "server.proxy.password", before.proxy.password, after.proxy.password);
  compare(keys, "auth.disconnect_revoked", before.auth.disconnect_revoked, after.auth.disconnect_revoked);
  compare(keys, "auth.providers", before.auth.providers, after.auth.providers);
  compare(keys, "auth.ssh.authorized_keys", before.auth.authorized_keys, after.auth.authorized_keys);
  compare(keys, "auth.ssh.cert_authorities", before.auth.cert_authorities, after.auth.cert_authorities);
  compare(keys, "auth.token.enabled", before.auth.token.enabled, after.auth.token.enabled);
  compare(keys, "auth.token.max_token_age", before.auth.token.max_token_age, after.auth.token.max_token_age);
  auto compare_api_key = [&](const std::string& head, const ApiKey& old, const ApiKey& now) {
    compare(keys, head + "prefix", old.prefix, now.prefix);
    compare(keys, head + "hash", old.hash, now.hash);
    compare(keys, head + "scopes", old.scopes, now.scopes);
    compare(keys, head + "description", old.description, now.description);
    compare(keys, head + "expires_at", old.expires_at, now.expires_at);
    compare(keys, head + "created_at", old.created_at, now.created_at);
    compare(keys, head + "ttl", old.ttl, now.ttl);
  };
  compare_all(keys, "auth.api_keys", before.auth.api_keys, after.auth.api_keys, compare_api_key);
  compare(keys, "forwarding.default", before.forwarding.default_action, after.forwarding.default_action);
  auto compare_rule = [&](const std::string& head, const Rule& old, const Rule& now) {
    compare(keys, head + "target", old.text, now.text);
    compare(keys, head + "action", old.action, now.action);
    compare(keys, head + "principals", old.principals, now.principals);
    compare(keys, head + "transports", old.transports, now.transports);
  };
  compare_all(keys, "forwarding.rules", before.forwarding.rules, after.forwarding.rules, compare_rule);
  compare_numbers(keys, "limits.", limit_keys(), before.limits, after.limits);
  compare_penalties(keys, before.limits.penalties, after.limits.penalties);
  compare(keys, "secrets.identity", before.secrets.identity, after.secrets.identity);
  return keys;
}

std::vector<std::string> changed_keys(const Static& before, const Static& after) {
  Keys keys;
  compare_tls(keys, "server.", before.server.tls, after.server.tls);
  compare(keys, "server.host_key", before.host_key, after.host_key);
  compare(keys, "server.drain_deadline", before.server.drain_deadline, after.server.drain_deadline);
  auto compare_listener = [&](const std::string& head, const Listener& old, const Listener& now) {
    compare(keys, head + "name", old.name, now.name);
    compare(keys, head + "transport", old.transport, now.transport);
    compare(keys, head + "listen", old.listen, now.listen);
    compare(keys, head + "stealth", old.stealth, now.stealth);
    compare_tls(keys, head, old.tls, now.tls);
    compare(keys, head + "web_root", old.web_root, now.web_root);
    compare(keys, head + "proxy_protocol_from", old.proxy_protocol_from, now.proxy_protocol_from);
  };
  compare_all(keys, "listeners", before.listeners, after.listeners, compare_listener);
  compare(keys, "storage.url", before.storage.url, after.storage.url);
  compare(keys, "storage.password", before.storage.password, after.storage.password);
  return keys;
}

} // namespace alk::config
