#include "alknet-stored/postgresql/feed.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>

namespace alk::stored {

using Notification = Handle<PGnotify, PQfreemem>;

std::string pg_notification(std::string_view channel, const Place& place) {
  return "NOTIFY " + std::string(channel) + ", '" + place.id() + "'"; // a UUID of ours, or nothing
}

PgFeed::PgFeed(const PgAddress& address, std::string channel, Watcher watcher)
    : address_(address), channel_(std::move(channel)), watcher_(std::move(watcher)),
      wake_(::eventfd(0, EFD_CLOEXEC)), thread_([this] { run(); }) {}

PgFeed::~PgFeed() {
  ending_ = true;
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void PgFeed::run() {
  bool said = false; // that nothing is heard
  while (!ending_) {
    auto ended = listen(said);
    if (ended || ending_) continue;
    if (!said) watcher_.lost(std::move(ended).error());
    said = true;
    pause();
  }
}

void PgFeed::pause() {
  pollfd wake{wake_.get(), POLLIN, 0};
  (void)::poll(&wake, 1, static_cast<int>(reconnect_pause.count()));
}

Result<void> PgFeed::listen(bool& said) {
  ALK_TRY(const PgHandle connection, pg_connect(address_));
  ALK_TRY_VOID(ask(connection.get(), "LISTEN " + channel_));
  said = false;
  // What was committed before is not told any more.
  watcher_.changed(std::nullopt);
  while (!ending_) {
    ALK_TRY(const bool something, heard(connection.get(), Clock::now() + proof_interval));
    if (!something && !ending_) ALK_TRY_VOID(ask(connection.get(), "SELECT 1"));
    tell(connection.get());
  }
  return {};
}

Result<bool> PgFeed::heard(PGconn* connection, Clock::time_point deadline) {
  pollfd ends[] = {{PQsocket(connection), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  const int ready = ::poll(ends, 2, static_cast<int>(std::max<std::int64_t>(left, 0)));
  if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll");
  if (ready <= 0 || ends[0].revents == 0) return false;
  if (PQconsumeInput(connection) != 1) return pg_failure(connection, nullptr, "listening");
  return true;
}

// One statement, and its answer within proof_timeout.
Result<void> PgFeed::ask(PGconn* connection, const std::string& statement) {
  const auto deadline = Clock::now() + proof_timeout;
  if (PQsendQuery(connection, statement.c_str()) != 1) return pg_failure(connection, nullptr, statement);
  for (;;) {
    while (PQisBusy(connection) != 0) {
      if (ending_) return {};
      ALK_TRY(const bool something, heard(connection, deadline));
      if (!something && Clock::now() >= deadline)
        return fail(Kind::Busy, "PostgreSQL does not answer: silence");
    }
    const PgResult result(PQgetResult(connection));
    if (!result) return {};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      return pg_failure(connection, result.get(), statement);
  }
}

void PgFeed::tell(PGconn* connection) {
  while (const Notification heard{PQnotifies(connection)}) {
    const std::string_view id = heard->extra;
    if (id.empty()) {
      watcher_.changed(Place::system());
    } else if (auto place = Place::tenant(id)) {
      watcher_.changed(std::move(*place));
    }
  }
}

} // namespace alk::stored
