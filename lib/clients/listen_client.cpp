#include "clients/listen_client.hpp"

#include "clients/destinations.hpp"

namespace alk::clients {

static constexpr std::size_t most_credentials = 16;  // descriptors that dbus-daemon lets through in a message
static constexpr std::size_t max_rules = 256 * 1024; // more do not fit into a configuration of 4 MiB

Result<bus::Message> ListenClient::ask(const char* member, const std::function<void(bus::Message&)>& fill,
                                       std::chrono::milliseconds timeout) {
  auto call = connection_.make_call(listen_daemon, member);
  if (call && fill) fill(call);
  return connection_.call(std::move(call), timeout);
}

// Members may be added to a dictionary later, and an older service may lack one: what is missing stays empty.
static auto taker(const bus::Dictionary& entry) {
  return [&entry](const char* name, auto& target) {
    if (auto* value = bus::find<std::decay_t<decltype(target)>>(entry, name)) target = *value;
  };
}

static SessionInfo read_session(const bus::Dictionary& entry) {
  SessionInfo session;
  auto take = taker(entry);
  take("id", session.id);
  take("identity", session.identity);
  take("user", session.user);
  take("remote_addr", session.remote_addr);
  take("remote_port", session.remote_port);
  take("transport", session.transport);
  take("listener", session.listener);
  take("since", session.since);
  take("channels", session.channels);
  take("generation", session.generation);
  return session;
}

Result<std::vector<SessionInfo>> ListenClient::list_sessions() {
  ALK_TRY(auto reply, ask("ListSessions"));
  ALK_TRY(auto entries, reply.read_dictionaries());
  std::vector<SessionInfo> sessions;
  for (const auto& entry : entries) sessions.push_back(read_session(entry));
  return sessions;
}

Result<void> ListenClient::disconnect(std::uint64_t session) {
  ALK_TRY(auto reply, ask("Disconnect", [&](bus::Message& call) { call.write_u64(session); }));
  return {};
}

Result<Penalties> ListenClient::list_penalties() {
  ALK_TRY(auto reply, ask("ListPenalties"));
  ALK_TRY(auto entries, reply.read_dictionaries());
  Penalties penalties;
  for (const auto& entry : entries) {
    PenaltyInfo penalty;
    auto take = [&entry](const char* name, auto& target) {
      if (auto* value = bus::find<std::decay_t<decltype(target)>>(entry, name)) target = *value;
    };
    take("source", penalty.source);
    take("reason", penalty.reason);
    take("left", penalty.left);
    take("refusing", penalty.refusing);
    take("refused", penalty.refused);
    penalties.listed.push_back(std::move(penalty));
  }
  ALK_TRY(penalties.sources, reply.read_u64());
  return penalties;
}

Result<std::uint64_t> ListenClient::clear_penalties(const std::string& address) {
  ALK_TRY(auto reply, ask("ClearPenalties", [&](bus::Message& call) { call.write_text(address); }));
  return reply.read_u64();
}

Result<Explanation> ListenClient::explain(const std::string& identity, const std::string& destination,
                                          const std::string& transport) {
  ALK_TRY(auto reply, ask("Explain", [&](bus::Message& call) {
            call.write_text(identity).write_text(destination).write_text(transport);
          }));
  Explanation explanation;
  ALK_TRY(explanation.allowed, reply.read_bool());
  ALK_TRY(explanation.rule, reply.read_i32());
  ALK_TRY(explanation.text, reply.read_text());
  return explanation;
}

Result<PolicyInForce> ListenClient::policy() {
  ALK_TRY(auto reply, ask("GetPolicy"));
  PolicyInForce policy;
  ALK_TRY(policy.generation, reply.read_u64());
  ALK_TRY(policy.default_action, reply.read_text());
  ALK_TRY(auto entries, reply.read_dictionaries(max_rules));
  for (const auto& entry : entries) {
    auto& rule = policy.rules.emplace_back();
    auto take = taker(entry);
    take("index", rule.index);
    take("target", rule.target);
    take("action", rule.action);
    take("principals", rule.principals);
    take("transports", rule.transports);
  }
  return policy;
}

Result<LimitsInForce> ListenClient::limits() {
  ALK_TRY(auto reply, ask("GetLimits"));
  LimitsInForce limits;
  ALK_TRY(limits.generation, reply.read_u64());
  ALK_TRY(auto entries, reply.read_dictionaries());
  for (const auto& entry : entries) {
    auto& limit = limits.limits.emplace_back();
    auto take = taker(entry);
    take("name", limit.name);
    take("value", limit.value);
    take("unit", limit.unit);
    take("zero", limit.zero);
  }
  return limits;
}

static Result<Reloaded> read_reloaded(bus::Message& reply) {
  Reloaded reloaded;
  ALK_TRY(reloaded.generation, reply.read_u64());
  ALK_TRY(reloaded.changed, reply.read_texts());
  ALK_TRY(reloaded.restart, reply.read_texts());
  return reloaded;
}

Result<Reloaded> ListenClient::reload() {
  ALK_TRY(auto reply, ask("Reload", nullptr, listen_reload_deadline));
  return read_reloaded(reply);
}

Result<Reloaded> ListenClient::reload_with_keys(const std::vector<OpenCredential>& credentials) {
  if (credentials.size() > most_credentials)
    return fail(Kind::Unsupported, "more than 16 credentials: only a restart reads them again");
  auto fill = [&](bus::Message& call) {
    call.write_inside('a', "(ssh)", [&] {
      for (const OpenCredential& one : credentials)
        call.write_inside('r', "ssh", [&] {
          call.write_text(one.file.name).write_text(one.file.path).write_fd(one.content.get());
        });
    });
  };
  ALK_TRY(auto reply, ask("ReloadWithKeys", fill, listen_reload_deadline));
  return read_reloaded(reply);
}

static Result<void> read_listeners(bus::Message& reply, std::vector<ListenerInfo>& listeners) {
  auto members = [&]() -> Result<void> {
    ListenerInfo listener;
    ALK_TRY(listener.name, reply.read_text());
    ALK_TRY(listener.transport, reply.read_text());
    ALK_TRY(listener.address, reply.read_text());
    ALK_TRY(listener.active, reply.read_bool());
    listeners.push_back(std::move(listener));
    return {};
  };
  return reply.read_inside('v', "a(sssb)", [&] {
    return reply.read_each("(sssb)", [&] { return reply.read_inside('r', "sssb", members); });
  });
}

static Result<void> read_certificates(bus::Message& reply, std::vector<Certificate>& certificates) {
  return reply.read_inside('v', "aa{sv}", [&]() -> Result<void> {
    ALK_TRY(auto entries, reply.read_dictionaries());
    for (const auto& entry : entries) {
      auto& certificate = certificates.emplace_back();
      auto take = taker(entry);
      take("listener", certificate.listener);
      take("expires", certificate.expires);
      take("self_signed", certificate.self_signed);
    }
    return {};
  });
}

static Result<void> read_property(bus::Message& reply, ListenStatus& status, bus::Dictionary& others) {
  ALK_TRY(auto name, reply.read_text());
  ALK_TRY(auto type, reply.peek_variant());
  if (name == "Listeners" && type == "a(sssb)") return read_listeners(reply, status.listeners);
  if (name == "Certificates" && type == "aa{sv}") return read_certificates(reply, status.certificates);
  ALK_TRY(auto value, reply.read_value());
  others.emplace(std::move(name), std::move(value));
  return {};
}

Result<ListenStatus> ListenClient::status() {
  auto call = connection_.make_call(
      {listen_daemon.name, listen_daemon.path, "org.freedesktop.DBus.Properties"}, "GetAll");
  if (call) call.write_text(listen_daemon.interface);
  ALK_TRY(auto reply, connection_.call(std::move(call)));
  ListenStatus status;
  bus::Dictionary others;
  ALK_TRY_VOID(reply.read_each("{sv}", [&] {
    return reply.read_inside('e', "sv", [&] { return read_property(reply, status, others); });
  }));
  auto take = [&others](const char* name, auto& target) {
    if (auto* value = bus::find<std::decay_t<decltype(target)>>(others, name)) target = *value;
  };
  take("Version", status.version);
  take("Generation", status.generation);
  take("ConfigDigest", status.config_digest);
  take("StartedAt", status.started_at);
  take("Sessions", status.sessions);
  take("Connections", status.connections);
  take("AuthAvailable", status.auth_available);
  take("HostKeyFingerprint", status.host_key_fingerprint);
  take("Lacking", status.lacking);
  take("Warnings", status.warnings);
  return status;
}

} // namespace alk::clients
