#include "engine.hpp"

#include "log/log.hpp"

#include <algorithm>
#include <atomic>

namespace alk::listend {

Engine::Engine(asio::io_context& main, Authority& authority, Callbacks callbacks)
    : main_(main), authority_(authority), callbacks_(std::move(callbacks)) {}

Engine::~Engine() {
  stop_accepting();
  if (pool_) pool_->stop(); // no loop runs any more: workers can be destroyed
  workers_.clear();
}

Result<void> Engine::start(EngineSetup setup) {
  settings_ = std::move(setup.settings);
  next_session_ = setup.first_session;
  set_limits(settings_->values.limits);
  ALK_TRY_VOID(open_listeners(setup.fixed, std::move(setup.sockets)));
  pool_ = std::make_unique<loop::Pool>(setup.loops);
  Hub& hub = *this;
  for (unsigned i = 0; i < setup.loops; ++i)
    workers_.push_back(
        std::make_unique<Worker>(i, pool_->at(i), hub, resolver_, dialer_, settings_, setup.fixed.listeners));
  host_key_name_ = setup.fixed.host_key;
  if (!setup.host_key.empty()) ALK_TRY_VOID(set_host_key(setup.host_key));
  accepting_ = true;
  for (auto& listener : listeners_) listener->start();
  return {};
}

Result<void> Engine::open_listeners(const config::Static& fixed,
                                    std::vector<loop::PassedDescriptor> sockets) {
  inactive_ = fixed.listeners;
  for (loop::PassedDescriptor& passed : sockets) {
    auto settings =
        std::find_if(fixed.listeners.begin(), fixed.listeners.end(),
                     [&](const config::Listener& listener) { return listener.name == passed.name; });
    if (settings == fixed.listeners.end())
      return fail(Kind::Invalid, "a socket named \"" + passed.name +
                                     "\" was passed, but no [[listeners]] entry has that name");
    ALK_TRY(auto listener, Listener::make(main_, *settings, std::move(passed.fd), limiter_, penalties_,
                                          [this](Arrival arrival) { deliver(std::move(arrival)); }));
    listeners_.push_back(std::move(listener));
    std::erase_if(inactive_, [&](const config::Listener& one) { return one.name == passed.name; });
  }
  return {};
}

// libssh writes into the object that hands the key out: one per loop.
Result<void> Engine::set_host_key(const SecretBytes& text) {
  std::vector<std::shared_ptr<const ssh::HostKey>> keys;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    ALK_TRY(auto key, ssh::HostKey::parse(text, host_key_name_));
    keys.push_back(std::make_shared<const ssh::HostKey>(std::move(key)));
  }
  host_key_fingerprint_ = keys.front()->fingerprint();
  for (std::size_t i = 0; i < workers_.size(); ++i)
    asio::post(workers_[i]->loop(),
               [worker = workers_[i].get(), key = std::move(keys[i])] { worker->set_host_key(key); });
  return {};
}

void Engine::drop_host_key() {
  host_key_fingerprint_.clear();
  for (auto& worker : workers_)
    asio::post(worker->loop(), [worker = worker.get()] { worker->set_host_key(nullptr); });
}

void Engine::set_proxy_password(ProxyPasswordPtr password) {
  for (auto& worker : workers_)
    asio::post(worker->loop(), [worker = worker.get(), password] { worker->set_proxy_password(password); });
}

void Engine::deliver(Arrival arrival) {
  std::size_t index = next_worker_++ % workers_.size();
  Worker* worker = workers_[index].get();
  auto shared = std::make_shared<Arrival>(std::move(arrival)); // a posted handler must be copyable
  asio::post(worker->loop(), [worker, shared] { worker->admit(std::move(*shared)); });
}

// --- called on the workers' loops
// ----------------------------------------------------------------------------

void Engine::verify(std::size_t worker, LoginRequest request,
                    std::function<void(Result<LoginVerdict>)> answer) {
  asio::post(main_, [this, worker, request = std::move(request), answer = std::move(answer)]() mutable {
    authority_.verify(std::move(request), [this, worker, answer](Result<LoginVerdict> verdict) {
      asio::post(workers_[worker]->loop(),
                 [answer, verdict = std::move(verdict)]() mutable { answer(std::move(verdict)); });
    });
  });
}

// Whoever drains refuses nobody; what it holds is for those that come after.
void Engine::offended(const config::IpAddress& source, Offence offence) {
  if (source.size == 0) return; // a proxy itself
  if (accepting_) return blame(source, offence);
  penalties_.penalise(source, offence, PenaltyTable::Clock::now());
  asio::post(main_, [this, source, offence] { callbacks_.offended(source, offence); });
}

void Engine::blame(const config::IpAddress& source, Offence offence) {
  auto started = penalties_.penalise(source, offence, PenaltyTable::Clock::now());
  if (!started) return;
  // The one line for all connections that are refused from now on.
  log::write(log::Level::Info, log::event::source_penalised,
             {{"source", started->source.text()},
              {"reason", offence_word(offence)},
              {"duration", std::int64_t{started->duration.count()}}});
}

bool Engine::refuses(const config::IpAddress& source) {
  return penalties_.refuses(source, PenaltyTable::Clock::now());
}

void Engine::proxy_header_refused(const std::string& proxy, const std::string& listener,
                                  const std::string& reason) {
  const auto left_out = proxy_complaints_.raise(listener + " " + proxy, log::Complaints::Clock::now());
  if (!left_out) return;
  log::write(log::Level::Warning, log::event::proxy_header_refused, {{"proxy", proxy}, {"reason", reason}},
             {{"listener", listener}, {"left_out", *left_out}});
}

void Engine::client_unserved(const std::string& listener) {
  const auto left_out = key_complaints_.raise(listener, log::Complaints::Clock::now());
  if (!left_out) return;
  log::write(log::Level::Warning, log::event::client_unserved, {{"listener", listener}},
             {{"left_out", *left_out}});
}

void Engine::session_opened(LiveSession session) {
  asio::post(main_, [this, session = std::move(session)] {
    sessions_.add(session);
    ledger_.opened(session);
    callbacks_.session_opened(session);
    // Judged before the last change of identities, which has not seen this session.
    if (session.authority_epoch != authority_epoch_.load()) recheck(session);
  });
}

void Engine::session_closed(std::uint64_t id) {
  asio::post(main_, [this, id] {
    auto session = sessions_.remove(id);
    if (!session) return;
    ledger_.closed(*session);
    callbacks_.session_closed(*session);
  });
}

// --- main loop
// -------------------------------------------------------------------------------------------------

void Engine::set_limits(const config::Limits& limits) {
  limiter_.set_limits(limits.max_connections_per_ip, limits.max_connections);
  penalties_.set_rules(limits.penalties);
}

void Engine::recheck(const LiveSession& session) {
  authority_.find_revoked({session.credential()}, [this](Result<std::vector<std::string>> revoked) {
    if (revoked) end_revoked(*revoked);
  });
}

bool Engine::disconnect(std::uint64_t session, const std::string& text) {
  const LiveSession* found = sessions_.find(session);
  if (found == nullptr) return false;
  Worker* worker = workers_[found->worker].get();
  asio::post(worker->loop(), [worker, session, text] { worker->disconnect(session, text); });
  return true;
}

void Engine::end_revoked(const std::vector<std::string>& credentials) {
  if (!settings_->values.auth.disconnect_revoked) return;
  for (const LiveSession* session : sessions_.of_credentials({credentials.begin(), credentials.end()})) {
    log::write(log::Level::Info, log::event::session_revoked,
               {{"remote_addr", session->remote_addr}, {"identity", session->identity.id}},
               {{"session", session->id}, {"user", session->user}});
    disconnect(session->id, "key revoked");
  }
}

void Engine::on_all_workers(std::function<void(Worker&, std::function<void()>)> what,
                            std::function<void()> done) {
  auto left = std::make_shared<std::atomic<std::size_t>>(std::max<std::size_t>(workers_.size(), 1));
  auto finished = [this, left, done = std::move(done)] {
    if (left->fetch_sub(1) == 1) asio::post(main_, done);
  };
  if (workers_.empty()) return asio::post(main_, finished);
  for (auto& member : workers_) {
    Worker* worker = member.get();
    asio::post(worker->loop(), [worker, what, finished] { what(*worker, finished); });
  }
}

void Engine::apply(SettingsPtr settings, ProxyPasswordPtr password, std::function<void()> done) {
  identities_changed(); // alknet-authd has committed before us
  settings_ = std::move(settings);
  set_limits(settings_->values.limits);
  on_all_workers(
      [settings = settings_, password = std::move(password)](Worker& worker,
                                                             const std::function<void()>& finished) {
        worker.apply(settings, password);
        finished();
      },
      std::move(done));
}

void Engine::turn_all(std::function<void()> back) {
  on_all_workers([](Worker&, const std::function<void()>& finished) { finished(); }, std::move(back));
}

std::vector<Engine::ListenerState> Engine::listeners() const {
  std::vector<ListenerState> states;
  for (const auto& listener : listeners_) states.push_back({listener->settings(), listener->address(), true});
  for (const config::Listener& settings : inactive_) states.push_back({settings, "", false});
  return states;
}

std::vector<Reading> Engine::readings() const {
  std::vector<Reading> readings;
  std::map<std::string, std::uint64_t> sessions;
  for (const LiveSession* session : sessions_.all()) ++sessions[session->listener];
  for (const auto& listener : listeners_) {
    const config::Listener& settings = listener->settings();
    const Labels labels{{"listener", settings.name},
                        {"transport", std::string(config::transport_name(settings.transport))}};
    std::vector<const Counts*> loops{&listener->counts()};
    for (const auto& worker : workers_) loops.push_back(&worker->counts(settings.name));
    read_counts(loops, labels, readings);
    readings.push_back({"alknet_listener_sessions", labels, sessions[settings.name]});
  }
  ledger_.read(sessions_, readings);
  return readings;
}

void Engine::stop_accepting() {
  accepting_ = false;
  for (auto& listener : listeners_) listener->stop();
}

void Engine::stop(std::chrono::milliseconds grace, std::function<void()> done) {
  stop_accepting();
  on_all_workers(
      [grace](Worker& worker, std::function<void()> finished) { worker.stop(grace, std::move(finished)); },
      std::move(done));
}

} // namespace alk::listend
