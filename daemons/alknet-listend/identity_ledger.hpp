// What each identity has used since the engine's start. The first `most_identities` have an account of their
// own for good, all others share one: a count must never move from one series to another. Main loop only.
#pragma once

#include "base/metric.hpp"
#include "live_session.hpp"

namespace alk::listend {

class SessionTable;

class IdentityLedger {
 public:
  void opened(const LiveSession& session) { ++account(session.identity.id).logins; }
  // The session's traffic is final, or nearly: what is counted later is lost.
  void closed(const LiveSession& session);

  // Counters of all time and gauges of the live sessions, in all and by identity.
  void read(const SessionTable& live, std::vector<Reading>& into) const;

 private:
  struct Account {
    std::uint64_t logins = 0;
    std::uint64_t up = 0, down = 0; // bytes of sessions that have ended
  };
  Account& account(const std::string& identity);
  std::map<std::string, Account> accounts_;
};

} // namespace alk::listend
