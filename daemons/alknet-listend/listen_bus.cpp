#include "listen_bus.hpp"

#include "base/text.hpp"
#include "base/version.hpp"
#include "clients/metrics_wire.hpp"
#include "control/penalty_records.hpp"
#include "explain.hpp"
#include "in_force.hpp"
#include "log/log.hpp"
#include "policy.hpp"

#include <ctime>
#include <set>

namespace alk::listend {

namespace {
// What an administrator can look at; the longest come first. Some 150 bytes each in the answer.
constexpr std::uint32_t most_listed_penalties = 1000;
constexpr std::size_t address_text_limit = 64;
constexpr std::size_t most_credentials = 16; // descriptors that dbus-daemon lets through in one message
constexpr std::size_t credential_text_limit = 4096; // a path
} // namespace

ListenBus::ListenBus(asio::io_context& main, Fleet& fleet, Reload& reload, clients::AuthClient& auth,
                     MetricBook& book)
    : fleet_(fleet), reload_(reload), auth_(auth), book_(book),
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
              {"ListSessions",
               {},
               {{"aa{sv}", "sessions"}},
               deferred("ListSessions", &ListenBus::list_sessions)},
              {"Disconnect", {{"t", "session"}}, {}, deferred("Disconnect", &ListenBus::disconnect)},
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
              {"GetMetrics",
               {},
               {{clients::metrics_type, "metrics"}},
               deferred("GetMetrics", &ListenBus::get_metrics)},
              {"ListPenalties",
               {},
               {{"aa{sv}", "penalties"}, {"t", "sources"}},
               deferred("ListPenalties", &ListenBus::list_penalties)},
              {"ClearPenalties",
               {{"s", "address"}},
               {{"t", "cleared"}},
               deferred("ClearPenalties", &ListenBus::clear_penalties)},
              {"Reload",
               {},
               {{"t", "generation"}, {"as", "changed"}, {"as", "restart"}},
               deferred("Reload", &ListenBus::do_reload)},
              {"ReloadWithKeys",
               {{"a(ssh)", "credentials"}},
               {{"t", "generation"}, {"as", "changed"}, {"as", "restart"}},
               deferred("ReloadWithKeys", &ListenBus::do_reload_with_keys)},
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
  auto in_force = [self]() -> const InForce& { return self->reload_.in_force(); };
  return {
      {"Version", "s", Emits::Constant, [](Message& out) { out.write_text(version()); }},
      {"Generation", "t", Emits::Never, [in_force](Message& out) { out.write_u64(in_force().generation); }},
      {"ConfigDigest", "s", Emits::Never,
       [in_force](Message& out) { out.write_text(in_force().configuration.digest); }},
      {"StartedAt", "t", Emits::Constant, [self](Message& out) { out.write_u64(self->started_at_); }},
      {"Sessions", "u", Emits::Never,
       [self](Message& out) { out.write_u32(static_cast<std::uint32_t>(self->fleet_.sessions())); }},
      {"Connections", "u", Emits::Never,
       [self](Message& out) { out.write_u32(static_cast<std::uint32_t>(self->fleet_.connections())); }},
      {"Listeners", "a(sssb)", Emits::Never,
       [self](Message& out) {
         out.write_inside('a', "(sssb)", [&] {
           for (const ListenerRecord& listener : self->fleet_.state().listeners)
             out.write_inside('r', "sssb", [&] {
               out.write_text(listener.name)
                   .write_text(listener.transport)
                   .write_text(listener.address)
                   .write_bool(listener.active);
             });
         });
       }},
      {"AuthAvailable", "b", Emits::Never, [self](Message& out) { out.write_bool(self->auth_.available()); }},
      {"HostKeyFingerprint", "s", Emits::Never,
       [self](Message& out) { out.write_text(self->fleet_.keys().host_key_fingerprint); }},
      {"Certificates", "aa{sv}", Emits::Never,
       [in_force](Message& out) { out.write_dictionaries(shown_certificates(in_force().tls)); }},
      {"Lacking", "as", Emits::Never, [self](Message& out) { out.write_texts(self->fleet_.keys().lacking); }},
      {"Warnings", "as", Emits::Never, [self](Message& out) { out.write_texts(self->reload_.warnings()); }},
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

void ListenBus::announce(const char* signal, const NewsBody& session) {
  if (!object_) return;
  bus::Message message = object_->make_signal(signal);
  message.write_u64(session.session).write_text(session.identity);
  if (auto sent = object_->emit(std::move(message)); !sent)
    log::debug("signal not sent: " + sent.error().describe());
}

static bus::Dictionary dictionary_of(const SessionRecord& session, std::uint64_t generation) {
  return {{"id", session.id},
          {"identity", session.identity},
          {"user", escape_token(session.user)},
          {"remote_addr", session.remote_addr},
          {"remote_port", static_cast<std::uint16_t>(session.remote_port)},
          {"transport", session.transport},
          {"listener", session.listener},
          {"since", session.since},
          {"channels", session.channels},
          {"generation", generation}};
}

Task<> ListenBus::list_sessions(bus::Call call) {
  Fleet::Question question{.kind = ControlKind::List}; // named: g++ 12 miscopies a temporary inside co_await
  auto answers = co_await fleet_.ask(std::move(question));
  std::vector<bus::Dictionary> sessions;
  for (auto& [generation, answer] : answers) {
    auto body = answer.and_then([](const std::string& bytes) { return decode<SessionsBody>(bytes); });
    if (!body) {
      log::warning("generation " + std::to_string(generation) +
                   " lists no sessions: " + body.error().describe());
      continue;
    }
    for (const SessionRecord& session : body->sessions)
      sessions.push_back(dictionary_of(session, generation));
  }
  call.out.write_dictionaries(sessions);
  call.finish({});
}

Task<> ListenBus::disconnect(bus::Call call) {
  auto answered = co_await answer_disconnect(call);
  call.finish(std::move(answered));
}

Task<Result<void>> ListenBus::answer_disconnect(bus::Call& call) {
  ALK_CO_TRY(std::uint64_t id, call.in.read_u64());
  Fleet::Question question{.kind = ControlKind::Disconnect,
                           .body = encode(DisconnectBody{id, "disconnected by the administrator"})};
  auto answers = co_await fleet_.ask(std::move(question));
  for (auto& [generation, answer] : answers)
    if (answer) co_return Result<void>{};
  for (auto& [generation, answer] : answers)
    if (answer.error().kind != Kind::NotFound) co_return pass(std::move(answer).error());
  co_return fail(Kind::NotFound, "no session " + std::to_string(id));
}

Result<void> ListenBus::get_policy(bus::Call& call) {
  const InForce& in_force = reload_.in_force();
  const config::Forwarding& forwarding = in_force.configuration.dynamic.forwarding;
  call.out.write_u64(in_force.generation)
      .write_text(action_word(forwarding.default_action))
      .write_dictionaries(shown_rules(forwarding));
  return {};
}

Result<void> ListenBus::get_limits(bus::Call& call) {
  const InForce& in_force = reload_.in_force();
  call.out.write_u64(in_force.generation)
      .write_dictionaries(shown_limits(in_force.configuration.dynamic.limits));
  return {};
}

// What the supervisor itself counts, since its own start.
static void add_own(std::vector<Metric>& metrics, const Fleet& fleet, const Reload& reload) {
  metrics.push_back({"alknet_reloads_total",
                     "counter",
                     "Reloads of the configuration, by result",
                     {{{{"result", "ok"}}, reload.done()}, {{{"result", "failed"}}, reload.failed()}}});
  metrics.push_back(
      {"alknet_engines_started_total", "counter", "Engines started", {{{}, fleet.engines_started()}}});
  metrics.push_back({"alknet_engines_lost_total",
                     "counter",
                     "Engines that ended while they served, and were replaced",
                     {{{}, fleet.engines_lost()}}});
  metrics.push_back({"alknet_engines", "gauge", "Engines, draining ones among them", {{{}, fleet.size()}}});
}

// Of an engine that does not answer, or of an older release that cannot, what it said last counts.
Task<> ListenBus::get_metrics(bus::Call call) {
  Fleet::Question question{.kind = ControlKind::Measure};
  auto answers = co_await fleet_.ask(std::move(question));
  for (auto& [generation, answer] : answers) {
    auto body = answer.and_then([](const std::string& bytes) { return decode<ReadingsBody>(bytes); });
    if (body && fleet_.has(generation)) book_.note(generation, *body); // an ended one is in the sums already
  }
  auto metrics = book_.sums();
  add_own(metrics, fleet_, reload_);
  clients::write_metrics(call.out, metrics);
  call.finish({});
}

static std::vector<bus::Dictionary> shown_penalties(const PenaltiesBody& body) {
  std::vector<bus::Dictionary> shown;
  for (const PenaltyRecord& penalty : body.penalties)
    shown.push_back({{"source", penalty.source},
                     {"reason", penalty.offence},
                     {"left", penalty.left / 1000 + (penalty.left % 1000 != 0 ? 1 : 0)},
                     {"refusing", penalty.refusing},
                     {"refused", penalty.refused}});
  return shown;
}

// An engine of a release without penalties has none.
Task<> ListenBus::list_penalties(bus::Call call) {
  Fleet::Question question{.kind = ControlKind::ListPenalties,
                           .body = encode(ListPenaltiesBody{most_listed_penalties})};
  auto answers = co_await fleet_.ask(std::move(question));
  std::vector<PenaltiesBody> bodies;
  for (auto& [generation, answer] : answers) {
    auto body = answer.and_then([](const std::string& bytes) { return decode<PenaltiesBody>(bytes); });
    if (body)
      bodies.push_back(std::move(*body));
    else if (body.error().kind != Kind::Unsupported)
      log::warning("generation " + std::to_string(generation) +
                   " lists no penalties: " + body.error().describe());
  }
  const PenaltiesBody worst = worst_of(bodies, most_listed_penalties);
  call.out.write_dictionaries(shown_penalties(worst)).write_u64(worst.sources);
  call.finish({});
}

Task<> ListenBus::clear_penalties(bus::Call call) {
  auto answered = co_await answer_clear(call);
  call.finish(std::move(answered));
}

Task<Result<void>> ListenBus::answer_clear(bus::Call& call) {
  ALK_CO_TRY(std::string address, call.in.read_text(address_text_limit));
  if (!address.empty() && !config::parse_ip(address)) co_return fail(Kind::Invalid, "not an address");
  Fleet::Question question{.kind = ControlKind::ClearPenalties,
                           .body = encode(ClearPenaltiesBody{std::move(address)})};
  auto answers = co_await fleet_.ask(std::move(question));
  std::set<std::string> cleared;
  for (auto& [generation, answer] : answers) {
    auto body = answer.and_then([](const std::string& bytes) { return decode<ClearedBody>(bytes); });
    if (body)
      cleared.insert(body->sources.begin(), body->sources.end());
    else if (body.error().kind != Kind::Unsupported)
      co_return pass(std::move(body).error());
  }
  call.out.write_u64(cleared.size());
  co_return Result<void>{};
}

Task<> ListenBus::do_reload(bus::Call call) {
  auto report = co_await reload_.run();
  answer_reload(call, std::move(report));
}

void ListenBus::answer_reload(bus::Call& call, Result<ReloadReport> report) {
  if (!report) return call.finish(pass(std::move(report).error()));
  call.out.write_u64(report->generation).write_texts(report->changed).write_texts(report->restart);
  call.finish({});
}

// Name, path and open file of each. Texts are root's own, but they go into the log and into errors.
static Result<config::RenewedKeys> read_credentials(bus::Message& in) {
  config::RenewedKeys renewed;
  auto one = [&]() -> Result<void> {
    ALK_TRY(std::string name, in.read_text(credential_text_limit));
    ALK_TRY(std::string path, in.read_text(credential_text_limit));
    ALK_TRY(Fd file, in.read_fd());
    std::string label = escape_token(path, credential_text_limit);
    ALK_TRY(SecretBytes bytes, config::KeySource::read_open(file, label));
    renewed.insert_or_assign(std::move(name), config::RenewedKey{std::move(label), std::move(bytes)});
    return {};
  };
  ALK_TRY_VOID(in.read_each(
      "(ssh)", [&] { return in.read_inside('r', "ssh", one); }, most_credentials));
  return renewed;
}

Task<> ListenBus::do_reload_with_keys(bus::Call call) {
  auto renewed = read_credentials(call.in);
  if (!renewed) {
    reload_.note_failure(renewed.error());
    call.finish(pass(std::move(renewed).error()));
    co_return;
  }
  auto report = co_await reload_.run(std::move(*renewed));
  answer_reload(call, std::move(report));
}

Task<> ListenBus::explain(bus::Call call) {
  auto answered = co_await answer_explain(call);
  call.finish(std::move(answered));
}

Task<Result<void>> ListenBus::answer_explain(bus::Call& call) {
  ALK_CO_TRY(std::string id, call.in.read_text(explain_text_limit));
  ALK_CO_TRY(std::string destination, call.in.read_text(explain_text_limit));
  ALK_CO_TRY(std::string transport, call.in.read_text(explain_text_limit));
  ALK_CO_TRY_VOID(parse_question(destination, transport));
  ExplainBody question{std::move(id), std::move(destination), std::move(transport), true};
  ALK_CO_TRY(ExplainedBody explanation, co_await ask_explain(std::move(question)));
  call.out.write_bool(explanation.allowed)
      .write_i32(static_cast<std::int32_t>(explanation.rule))
      .write_text(explanation.text);
  co_return Result<void>{};
}

// A live session knows best what its login may do; else the engine asks alknet-authd.
Task<Result<ExplainedBody>> ListenBus::ask_explain(ExplainBody question) {
  Fleet::Question live{.kind = ControlKind::Explain, .body = encode(question)};
  auto answers = co_await fleet_.ask(std::move(live));
  for (auto& [generation, answer] : answers)
    if (answer) co_return decode<ExplainedBody>(*answer);
  question.live_only = false;
  Fleet::Question any{.kind = ControlKind::Explain, .body = encode(question), .only = fleet_.serving()};
  if (any.only == 0) co_return fail(Kind::Busy, "the engine is being started again");
  answers = co_await fleet_.ask(std::move(any));
  for (auto& [generation, answer] : answers) {
    if (answer) co_return decode<ExplainedBody>(*answer);
    co_return pass(std::move(answer).error());
  }
  co_return fail(Kind::Busy, "the engine is being started again");
}

} // namespace alk::listend
