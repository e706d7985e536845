#include "control/engine_server.hpp"

#include "base/version.hpp"
#include "control/penalty_records.hpp"
#include "explain.hpp"
#include "log/log.hpp"

#include <limits>
#include <thread>

#include <unistd.h>

namespace alk::listend {

namespace {
Result<config::Configuration> read_configuration(const config::Sources& sources) {
  auto configuration = config::parse(sources, config::Unknown::Ignore);
  if (configuration) return std::move(*configuration);
  std::string text;
  for (const config::Problem& problem : configuration.error())
    text += (text.empty() ? "" : "\n") + problem.describe();
  return fail(Kind::Invalid, std::move(text));
}

SessionRecord record_of(const LiveSession& session) {
  return {session.id,        session.identity.id, session.user,  session.remote_addr,     session.remote_port,
          session.transport, session.listener,    session.since, session.channels->load()};
}

std::string write(const Explanation& explanation) {
  return encode(ExplainedBody{explanation.allowed, explanation.rule, explanation.text});
}
} // namespace

EngineServer::EngineServer(asio::io_context& loop, Fd control, Authority& authority, SecretSupply& supply,
                           Lookup lookup, std::function<void()> ended, Pace pace)
    : authority_(authority), supply_(supply), lookup_(std::move(lookup)), ended_(std::move(ended)),
      pace_(pace), engine_(loop, authority,
                           {[this](const LiveSession& session) {
                              tell(ControlKind::Opened, encode(NewsBody{session.id, session.identity.id}));
                              tell_state();
                            },
                            [this](const LiveSession& session) {
                              tell(ControlKind::Closed, encode(NewsBody{session.id, session.identity.id}));
                              tell_state();
                            },
                            [this](const config::IpAddress& source, Offence offence) {
                              tell(ControlKind::Offended,
                                   encode(OffenceBody{source.text(), std::string(offence_word(offence))}));
                            }}),
      passwords_(loop, supply, pace.password,
                 [this] {
                   engine_.set_proxy_password(passwords_.password());
                   tell_keys();
                 }),
      pulse_([this](std::function<void()> back) { engine_.turn_all(std::move(back)); }), beat_timer_(loop),
      channel_(loop, std::move(control)) {}

void EngineServer::open() {
  channel_.open([this](ControlMessage message,
                       std::vector<Fd> descriptors) { receive(std::move(message), std::move(descriptors)); },
                [this] { stop(pace_.farewell); });
  beat();
}

void EngineServer::receive(ControlMessage message, std::vector<Fd> descriptors) {
  if (receive_order(message)) return;
  if (message.number != 0) ask(message, std::move(descriptors));
}

// What wants no answer. An order that cannot be read is dropped, like one of a later release.
bool EngineServer::receive_order(const ControlMessage& message) {
  if (message.is(ControlKind::Abort)) {
    prepared_.reset();
    passwords_.abandon();
  } else if (message.is(ControlKind::Recheck)) {
    engine_.identities_changed();
    recheck();
  } else if (message.is(ControlKind::Drain)) {
    if (auto body = decode<DrainBody>(message.body)) drain(std::chrono::seconds(body->deadline));
  } else if (message.is(ControlKind::Stop)) {
    if (auto body = decode<StopBody>(message.body)) stop(std::chrono::milliseconds(body->grace));
  } else if (message.is(ControlKind::Elsewhere)) {
    if (auto body = decode<SourcesBody>(message.body)) engine_.count_elsewhere(std::move(body->connections));
  } else if (message.is(ControlKind::Penalise)) {
    if (auto body = decode<PenaltiesBody>(message.body)) penalise(std::move(*body));
  } else if (message.is(ControlKind::Blame)) {
    if (auto body = decode<OffenceBody>(message.body)) blame(*body);
  } else {
    return false;
  }
  return true;
}

void EngineServer::ask(const ControlMessage& message, std::vector<Fd> descriptors) {
  switch (static_cast<ControlKind>(message.kind)) {
  case ControlKind::Hello: return answer(message.number, hello(message.body));
  case ControlKind::Start: return answer(message.number, start(message.body, std::move(descriptors)));
  case ControlKind::Prepare: return prepare(message.number, message.body, descriptors);
  case ControlKind::Commit: return commit(message.number, message.body);
  case ControlKind::List: return answer(message.number, list());
  case ControlKind::Disconnect: return answer(message.number, disconnect(message.body));
  case ControlKind::Explain: return explain(message.number, message.body);
  case ControlKind::Measure: return answer(message.number, encode(ReadingsBody{engine_.readings()}));
  case ControlKind::ListPenalties: return answer(message.number, list_penalties(message.body));
  case ControlKind::ClearPenalties: return answer(message.number, clear_penalties(message.body));
  default: return answer(message.number, fail(Kind::Unsupported, "a question of a later release"));
  }
}

void EngineServer::answer(std::uint64_t question, Outcome outcome) {
  AnswerBody body = outcome ? AnswerBody{{}, {}, std::move(*outcome)} : answer_error(outcome.error());
  if (auto sent = channel_.send(make_control(ControlKind::Answer, encode(body), question)); !sent)
    log::debug("an answer was not sent: " + sent.error().describe());
}

void EngineServer::tell(ControlKind kind, std::string body) {
  (void)channel_.send(make_control(kind, std::move(body))); // repeated, or asked for again
}

EngineServer::Outcome EngineServer::hello(std::string_view body) const {
  ALK_TRY_VOID(decode<HelloBody>(body).map([](const HelloBody&) {}));
  return encode(HelloBody{control_version, std::string(version()), generation_,
                          static_cast<std::uint64_t>(::getpid()), serving_, deadline_.has_value()});
}

EngineServer::Outcome EngineServer::start(std::string_view bytes, std::vector<Fd> descriptors) {
  ALK_TRY(StartBody body, decode<StartBody>(bytes));
  if (serving_ || descriptors.size() != body.sockets.size() + 1 || body.generation == 0)
    return fail(Kind::Invalid, "an engine is started once, with a bundle and its sockets");
  ALK_TRY(Bundle bundle, unpack(descriptors.front()));
  ALK_TRY(config::Configuration configuration, read_configuration(bundle.sources));
  config::KeySource keys(std::make_shared<config::HeldKeys>(std::move(bundle.keys)));
  running_ = configuration.fixed;
  if (!bundle.running.empty()) {
    ALK_TRY(config::Configuration running, read_configuration(bundle.running));
    running_ = std::move(running.fixed);
  }
  ALK_TRY(SettingsPtr settings, make_settings(configuration, running_, keys, body.settings));
  SecretBytes host_key;
  const bool host_key_follows = running_.host_key == config::secret_host_key;
  if (!host_key_follows) {
    ALK_TRY(host_key, keys.read(running_.host_key));
  }
  std::vector<loop::PassedDescriptor> sockets;
  for (std::size_t i = 0; i < body.sockets.size(); ++i)
    sockets.push_back({body.sockets[i], std::move(descriptors[i + 1])});
  ALK_TRY_VOID(engine_.start({
      .fixed = running_,
      .settings = std::move(settings),
      .host_key = std::move(host_key),
      .sockets = std::move(sockets),
      .loops = std::max(1U, std::thread::hardware_concurrency()),
      .first_session = (body.generation - 1) * sessions_per_generation + 1,
  }));
  generation_ = body.generation;
  serving_ = true;
  penalise(std::exchange(inherited_, {})); // nobody was accepted yet: that is for this loop to do
  if (host_key_follows)
    supply_.follow_host_key([this](Result<SecretBytes> key) { take_host_key(std::move(key)); });
  passwords_.put_into_force(engine_.settings()->values.proxy);
  engine_.set_proxy_password(passwords_.password());
  tell_keys();
  ServingBody serving{engine_.host_key_fingerprint(), {}};
  for (const Engine::ListenerState& listener : engine_.listeners())
    serving.listeners.push_back({listener.settings.name,
                                 std::string(config::transport_name(listener.settings.transport)),
                                 listener.address, listener.active});
  return encode(serving);
}

// Everything that can fail, and what takes time. That there is no password for the proxy fails nothing.
void EngineServer::prepare(std::uint64_t question, std::string_view bytes,
                           const std::vector<Fd>& descriptors) {
  auto read = read_prepared(bytes, descriptors);
  if (!read) return answer(question, pass(std::move(read).error()));
  prepared_ = std::move(*read);
  passwords_.prepare(prepared_->values.proxy, [this, question, mine = prepared_] {
    const bool kept = prepared_ == mine;
    answer(question, kept ? Outcome() : fail(Kind::Conflict, "given up before it was prepared"));
  });
}

// Whoever drains makes no new handshakes: it needs no new keys.
Result<SettingsPtr> EngineServer::read_prepared(std::string_view bytes,
                                                const std::vector<Fd>& descriptors) const {
  ALK_TRY(TransactionBody body, decode<TransactionBody>(bytes));
  if (!serving_ || descriptors.size() != 1) return fail(Kind::Invalid, "nothing to prepare");
  ALK_TRY(Bundle bundle, unpack(descriptors.front()));
  ALK_TRY(config::Configuration configuration, read_configuration(bundle.sources));
  if (deadline_) return renew_settings(configuration, *engine_.settings(), body.number);
  config::KeySource keys(std::make_shared<config::HeldKeys>(std::move(bundle.keys)));
  return make_settings(configuration, running_, keys, body.number);
}

void EngineServer::commit(std::uint64_t question, std::string_view bytes) {
  auto body = decode<TransactionBody>(bytes);
  if (!body || !prepared_ || prepared_->generation != body->number)
    return answer(question, fail(Kind::Conflict, "no such configuration was prepared"));
  SettingsPtr next = std::exchange(prepared_, nullptr);
  passwords_.put_into_force(next->values.proxy);
  engine_.apply(std::move(next), passwords_.password(), [this, question] {
    answer(question, std::string());
    recheck();
  });
  tell_keys();
}

EngineServer::Outcome EngineServer::list() const {
  SessionsBody body;
  for (const LiveSession* session : engine_.sessions().all()) body.sessions.push_back(record_of(*session));
  return encode(body);
}

EngineServer::Outcome EngineServer::disconnect(std::string_view bytes) {
  ALK_TRY(DisconnectBody body, decode<DisconnectBody>(bytes));
  if (!engine_.disconnect(body.session, body.text))
    return fail(Kind::NotFound, "no session " + std::to_string(body.session));
  return std::string();
}

void EngineServer::explain(std::uint64_t number, std::string_view bytes) {
  auto body = decode<ExplainBody>(bytes);
  if (!body || !serving_) return answer(number, fail(Kind::Invalid, "cannot be explained"));
  auto question = parse_question(body->destination, body->transport);
  if (!question) return answer(number, pass(std::move(question).error()));
  if (body->identity.empty()) return answer(number, write(explain_question(*engine_.settings(), *question)));
  if (const LiveSession* session = engine_.sessions().find_identity(body->identity)) {
    question->identity = session->identity;
    question->constraints = session->constraints;
    return answer(number, write(explain_question(*engine_.settings(), *question)));
  }
  if (body->live_only) return answer(number, fail(Kind::NotFound, "that identity has no session here"));
  lookup_(body->identity, [this, number, question = *question](Result<LoginVerdict> verdict) mutable {
    if (!verdict) return answer(number, pass(std::move(verdict).error()));
    question.identity = std::move(verdict->identity);
    question.constraints = std::move(verdict->constraints);
    answer(number, write(explain_question(*engine_.settings(), question)));
  });
}

EngineServer::Outcome EngineServer::list_penalties(std::string_view bytes) {
  ALK_TRY(ListPenaltiesBody body, decode<ListPenaltiesBody>(bytes));
  std::size_t most = body.most == 0 ? std::numeric_limits<std::size_t>::max() : body.most;
  return encode(records_of(engine_.penalties().report(most, PenaltyTable::Clock::now())));
}

EngineServer::Outcome EngineServer::clear_penalties(std::string_view bytes) {
  ALK_TRY(ClearPenaltiesBody body, decode<ClearPenaltiesBody>(bytes));
  auto address = config::parse_ip(body.address);
  if (!address && !body.address.empty()) return fail(Kind::Invalid, "not an address");
  ClearedBody cleared;
  for (const config::Network& source :
       address ? engine_.penalties().clear(*address) : engine_.penalties().clear())
    cleared.sources.push_back(source.text());
  return encode(cleared);
}

// Before the start there are no rules to judge it by.
void EngineServer::penalise(PenaltiesBody body) {
  if (!serving_)
    inherited_ = std::move(body);
  else
    engine_.penalties().merge(penalties_of(body), PenaltyTable::Clock::now());
}

void EngineServer::blame(const OffenceBody& body) {
  auto source = config::parse_ip(body.address);
  auto offence = parse_offence(body.offence);
  if (serving_ && source && offence) engine_.blame(*source, *offence);
}

void EngineServer::recheck() {
  if (engine_.sessions().size() == 0) return;
  authority_.find_revoked(engine_.sessions().credentials(), [this](Result<std::vector<std::string>> revoked) {
    if (revoked)
      engine_.end_revoked(*revoked);
    else
      log::warning("revoked identities could not be asked for; they are found at the next change: " +
                   revoked.error().describe());
  });
}

void EngineServer::drain(std::chrono::seconds deadline) {
  if (!serving_ || stopping_) return;
  auto end = std::chrono::steady_clock::now() + deadline;
  if (deadline_) {
    deadline_ = std::min(*deadline_, end);
    return;
  }
  deadline_ = end;
  engine_.stop_accepting();
  log::write(log::Level::Info, log::event::engine_draining,
             {{"generation", generation_}, {"connections", std::uint64_t{engine_.connections()}}});
  tell_state();
  tell_sources();
}

void EngineServer::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopping_, true)) return;
  engine_.stop(grace, [this] {
    // The last word: whoever adds up goes on from here.
    tell(ControlKind::Measured, encode(ReadingsBody{engine_.readings()}));
    beat_timer_.cancel();
    ended_();
  });
}

void EngineServer::beat() {
  turning_ = pulse_.turns();
  tell_state();
  tell_keys(); // what was not sent at its time
  if (deadline_) tell_sources();
  if (deadline_ && engine_.connections() == 0) stop(pace_.farewell);
  if (deadline_ && std::chrono::steady_clock::now() >= *deadline_) stop(pace_.farewell);
  beat_timer_.expires_after(pace_.beat);
  beat_timer_.async_wait([this](std::error_code error) {
    if (!error) beat();
  });
}

void EngineServer::tell_state() {
  if (!turning_) return;
  tell(ControlKind::Beat,
       encode(BeatBody{static_cast<std::uint32_t>(engine_.sessions().size()),
                       static_cast<std::uint32_t>(engine_.connections()), deadline_.has_value()}));
}

void EngineServer::take_host_key(Result<SecretBytes> key) {
  auto taken = key ? engine_.set_host_key(*key) : Result<void>(pass(std::move(key).error()));
  if (taken) {
    host_key_lacking_.clear();
    log::write(log::Level::Info, log::event::host_key_taken,
               {{"key_fingerprint", engine_.host_key_fingerprint()}});
  } else {
    engine_.drop_host_key();
    if (taken.error().what == host_key_lacking_) return; // said already
    host_key_lacking_ = taken.error().what;
    log::write(log::Level::Warning, log::event::host_key_missing, {{"kind", kind_name(taken.error().kind)}},
               {{"reason", host_key_lacking_}});
    log::warning("SSH clients are not served: " + host_key_lacking_);
  }
  tell_keys();
}

void EngineServer::tell_keys() {
  if (!serving_) return;
  KeysBody body{engine_.host_key_fingerprint(), {}};
  if (!host_key_lacking_.empty())
    body.lacking.push_back("SSH clients are not served, there is no host key: " + host_key_lacking_);
  if (!passwords_.lacking().empty())
    body.lacking.push_back("Nothing is forwarded, there is no password for the proxy (credential " +
                           passwords_.credential() + "): " + passwords_.lacking());
  if (told_keys_ == body) return;
  if (channel_.send(make_control(ControlKind::Keys, encode(body)))) told_keys_ = std::move(body);
}

void EngineServer::tell_sources() {
  auto sources = engine_.sources();
  if (sources == told_sources_) return;
  if (channel_.send(make_control(ControlKind::Sources, encode(SourcesBody{sources}))))
    told_sources_ = std::move(sources);
}

} // namespace alk::listend
