// Hears of what any head commits: a session that listens. A message carries a place's id and nothing else;
// whoever hears it looks for himself.
#pragma once

#include "alknet-stored/postgresql/session.hpp"
#include "alknet-stored/sql/engine.hpp"
#include "base/fd.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace alk::stored {

// After so much silence a statement asks whether the server still hears us: a line that is gone without a
// word, behind a firewall for one, would else look like a quiet one.
inline constexpr std::chrono::milliseconds proof_interval{250};
// A server that needs longer for "SELECT 1" is as good as gone.
inline constexpr std::chrono::milliseconds proof_timeout{1000};
// Between two tries to connect.
inline constexpr std::chrono::milliseconds reconnect_pause{250};

// What a commit of `place` sends to whoever listens; an SQL statement.
std::string pg_notification(std::string_view channel, const Place& place);

class PgFeed final : public Watch {
 public:
  // `channel`: a name that needs no quoting. `address` outlives this.
  PgFeed(const PgAddress& address, std::string channel, Watcher watcher);
  ~PgFeed() override; // waits for the thread: up to connect_timeout_seconds for each host that is silent
  PgFeed(const PgFeed&) = delete;
  PgFeed& operator=(const PgFeed&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  // Returns when the connection is lost, or without an error at the end. `said` becomes false once it
  // listens.
  Result<void> listen(bool& said);
  // Whether the server said something before `deadline`. Busy: the connection is lost.
  Result<bool> heard(PGconn* connection, Clock::time_point deadline);
  Result<void> ask(PGconn* connection, const std::string& statement);
  void tell(PGconn* connection);
  void pause();

  const PgAddress& address_;
  const std::string channel_;
  const Watcher watcher_;
  Fd wake_; // readable from the beginning of the end on
  std::atomic<bool> ending_ = false;
  std::thread thread_; // last: it uses all of them
};

} // namespace alk::stored
