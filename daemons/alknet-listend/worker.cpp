#include "worker.hpp"

#include "door.hpp"
#include "session.hpp"

namespace alk::listend {

Worker::Worker(std::size_t index, asio::io_context& loop, Hub& hub, net::Resolver& resolver,
               net::Dialer& dialer, SettingsPtr settings, const std::vector<config::Listener>& listeners)
    : index_(index), loop_(loop), hub_(hub), resolver_(resolver), dialer_(dialer),
      settings_(std::move(settings)), tasks_(loop), stop_timer_(loop) {
  for (const config::Listener& listener : listeners) counts_[listener.name];
}

Worker::~Worker() = default;

void Worker::admit(Arrival arrival) {
  if (stopping_) return;
  tasks_.spawn("connection", serve_connection(*this, std::move(arrival)));
}

void Worker::add(Session& session) {
  sessions_[session.id()] = &session;
}

void Worker::remove(Session& session) {
  sessions_.erase(session.id());
}

void Worker::disconnect(std::uint64_t session, const std::string& text) {
  auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second->disconnect(text);
}

void Worker::stop(std::chrono::milliseconds grace, std::function<void()> done) {
  stopping_ = true;
  std::vector<Session*> sessions;
  for (auto& [id, session] : sessions_) sessions.push_back(session);
  for (Session* session : sessions) session->disconnect("shutdown");
  stopped_ = std::move(done);
  // The farewells linger on their own for as long as the peers take; nobody to wait for means no wait.
  stop_timer_.expires_after(sessions.empty() ? std::chrono::milliseconds(0) : grace);
  stop_timer_.async_wait([this](std::error_code) { cut(std::exchange(stopped_, nullptr)); });
}

void Worker::cut(std::function<void()> done) {
  tasks_.cancel();
  tasks_.when_drained(std::move(done));
}

} // namespace alk::listend
