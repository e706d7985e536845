// The sessions of one server that transactions borrow: as many as run at once, whatever the number of
// tenants. Any thread.
#pragma once

#include "alknet-stored/postgresql/session.hpp"

#include <mutex>

namespace alk::stored {

// Kept for the next transaction: one writer and two readers, and what asks for the feed.
inline constexpr std::size_t max_idle_sessions = 4;

class PgSessions {
 public:
  explicit PgSessions(PgAddress address) : address_(std::move(address)) {}

  const PgAddress& address() const { return address_; }
  Result<std::unique_ptr<PgSession>> take(); // errors: as of PgSession::open
  void give_back(std::unique_ptr<PgSession> session);

 private:
  const PgAddress address_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PgSession>> idle_;
};

} // namespace alk::stored
