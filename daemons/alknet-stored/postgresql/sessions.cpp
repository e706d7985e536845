#include "alknet-stored/postgresql/sessions.hpp"

namespace alk::stored {

Result<std::unique_ptr<PgSession>> PgSessions::take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  return PgSession::open(address_);
}

void PgSessions::give_back(std::unique_ptr<PgSession> session) {
  std::lock_guard lock(mutex_);
  if (!session->usable()) {
    idle_.clear(); // the others went the same way: a restarted server is found again at once
    return;
  }
  if (idle_.size() < max_idle_sessions) idle_.push_back(std::move(session));
}

} // namespace alk::stored
