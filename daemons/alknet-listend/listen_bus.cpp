#include "listen_bus.hpp"

#include "base/text.hpp"
#include "base/version.hpp"
#include "explain.hpp"
#include "in_force.hpp"
#include "log/log.hpp"
#include "policy.hpp"

#include <ctime>

namespace alk::listend {

ListenBus::ListenBus(asio::io_context& main, Engine& engine, Reload& reload, clients::AuthClient& auth)
    : engine_(engine), reload_(reload), auth_(auth),
      started_at_(static_cast<std::uint64_t>(std::time(nullptr))), tasks_(main) {}

bus::Interface ListenBus::interface(ListenBus* self) {
  auto deferred = [self](const char* name, Task<> (ListenBus::*method)(bus::Call)) {
    return bus::Method::Defer(
        [self, name, method](bus::Call call) { self->tasks_.spawn(name, (self->*method)(std::move(call))); });
  };
  return {
      .name = interface_name,
      .methods =
          {
              {"ListSessions", {}, {{"aa{sv}", "sessions"}}, bus::Method::Answer([self](bus::Call& call) {
                 return self->list_sessions(call);
               })},
              {"Disconnect", {{"t", "session"}}, {}, bus::Method::Answer([self](bus::Call& call) {
                 return self->disconnect(call);
               })},
              {"Explain",
               {{"s", "identity"}, {"s", "destination"}, {"s", "transport"}},
               {{"b", "allowed"}, {"i", "rule"}, {"s", "text"}},
               deferred("Explain", &ListenBus::explain)},
              {"GetPolicy",
               {},
               {{"t", "generation"}, {"s", "default"}, {"aa{sv}", "rules"}},
               bus::Method::Answer([self](bus::Call& call) { return self->get_policy(call); })},
              {"GetLimits",
               {},
               {{"t", "generation"}, {"aa{sv}", "limits"}},
               bus::Method::Answer([self](bus::Call& call) { return self->get_limits(call); })},
              {"Reload",
               {},
               {{"t", "generation"}, {"as", "changed"}, {"as", "restart"}},
               deferred("Reload", &ListenBus::do_reload)},
          },
      .properties = properties(self),
      .signals = {{"SessionOpened", {{"t", "session"}, {"s", "identity"}}},
                  {"SessionClosed", {{"t", "session"}, {"s", "identity"}}}},
      .policy = listen_policy,
  };
}

std::vector<bus::Property> ListenBus::properties(ListenBus* self) {
  using bus::Emits;
  using bus::Message;
  auto settings = [self]() -> const Settings& { return *self->engine_.settings(); };
  return {
      {"Version", "s", Emits::Constant, [](Message& out) { out.write_text(version()); }},
      {"Generation", "t", Emits::Never, [settings](Message& out) { out.write_u64(settings().generation); }},
      {"ConfigDigest", "s", Emits::Never,
       [settings](Message& out) { out.write_text(settings().config_digest); }},
      {"StartedAt", "t", Emits::Constant, [self](Message& out) { out.write_u64(self->started_at_); }},
      {"Sessions", "u", Emits::Never,
       [self](Message& out) { out.write_u32(static_cast<std::uint32_t>(self->engine_.sessions().size())); }},
      {"Connections", "u", Emits::Never,
       [self](Message& out) { out.write_u32(static_cast<std::uint32_t>(self->engine_.connections())); }},
      {"Listeners", "a(sssb)", Emits::Never,
       [self](Message& out) {
         out.write_inside('a', "(sssb)", [&] {
           for (const Engine::ListenerState& state : self->engine_.listeners())
             out.write_inside('r', "sssb", [&] {
               out.write_text(state.settings.name)
                   .write_text(config::transport_name(state.settings.transport))
                   .write_text(state.address)
                   .write_bool(state.active);
             });
         });
       }},
      {"AuthAvailable", "b", Emits::Never, [self](Message& out) { out.write_bool(self->auth_.available()); }},
      {"HostKeyFingerprint", "s", Emits::Constant,
       [self](Message& out) { out.write_text(self->engine_.host_key_fingerprint()); }},
      {"Certificates", "aa{sv}", Emits::Never,
       [settings](Message& out) { out.write_dictionaries(shown_certificates(settings())); }},
      {"Warnings", "as", Emits::Never,
       [self](Message& out) {
         std::vector<std::string> all = self->warnings_;
         for (const std::string& key : self->reload_.waiting_for_restart())
           all.push_back(key + " waits for a restart");
         out.write_texts(all);
       }},
  };
}

Result<void> ListenBus::attach(bus::Connection& connection) {
  ALK_TRY(object_, bus::Object::make(connection, path, interface(this)));
  return {};
}

void ListenBus::detach() {
  tasks_.cancel();
  object_.reset();
}

void ListenBus::announce(const char* signal, const LiveSession& session) {
  if (!object_) return;
  bus::Message message = object_->make_signal(signal);
  message.write_u64(session.id).write_text(session.identity.id);
  if (auto sent = object_->emit(std::move(message)); !sent)
    log::debug("signal not sent: " + sent.error().describe());
}

Result<void> ListenBus::list_sessions(bus::Call& call) {
  std::vector<bus::Dictionary> sessions;
  for (const LiveSession* session : engine_.sessions().all())
    sessions.push_back({{"id", session->id},
                        {"identity", session->identity.id},
                        {"user", escape_token(session->user)},
                        {"remote_addr", session->remote_addr},
                        {"remote_port", session->remote_port},
                        {"transport", session->transport},
                        {"listener", session->listener},
                        {"since", session->since},
                        {"channels", session->channels->load()},
                        {"generation", std::uint64_t{1}}});
  call.out.write_dictionaries(sessions);
  return {};
}

Result<void> ListenBus::disconnect(bus::Call& call) {
  ALK_TRY(std::uint64_t id, call.in.read_u64());
  if (!engine_.disconnect(id, "disconnected by the administrator"))
    return fail(Kind::NotFound, "no session " + std::to_string(id));
  return {};
}

Result<void> ListenBus::get_policy(bus::Call& call) {
  const Settings& settings = *engine_.settings();
  const config::Forwarding& forwarding = settings.values.forwarding;
  call.out.write_u64(settings.generation)
      .write_text(action_word(forwarding.default_action))
      .write_dictionaries(shown_rules(forwarding));
  return {};
}

Result<void> ListenBus::get_limits(bus::Call& call) {
  const Settings& settings = *engine_.settings();
  call.out.write_u64(settings.generation).write_dictionaries(shown_limits(settings.values.limits));
  return {};
}

Task<> ListenBus::do_reload(bus::Call call) {
  auto report = co_await reload_.run();
  if (!report) {
    call.finish(pass(std::move(report).error()));
    co_return;
  }
  call.out.write_u64(report->generation).write_texts(report->changed).write_texts(report->restart);
  call.finish({});
}

Task<> ListenBus::explain(bus::Call call) {
  auto answered = co_await answer_explain(call);
  call.finish(std::move(answered));
}

Task<Result<void>> ListenBus::answer_explain(bus::Call& call) {
  ALK_CO_TRY(std::string id, call.in.read_text(explain_text_limit));
  ALK_CO_TRY(std::string destination, call.in.read_text(explain_text_limit));
  ALK_CO_TRY(std::string transport, call.in.read_text(explain_text_limit));
  ALK_CO_TRY(Question question, parse_question(destination, transport));
  if (!id.empty()) {
    const LiveSession* session = engine_.sessions().find_identity(id);
    if (session != nullptr) {
      question.identity = session->identity;
      question.constraints = session->constraints;
    } else {
      ALK_CO_TRY(clients::Login login, co_await auth_.lookup(id));
      question.identity = std::move(login.identity);
      question.constraints = std::move(login.constraints);
    }
  }
  Explanation explanation = explain_question(*engine_.settings(), question);
  call.out.write_bool(explanation.allowed).write_i32(explanation.rule).write_text(explanation.text);
  co_return Result<void>{};
}

} // namespace alk::listend
