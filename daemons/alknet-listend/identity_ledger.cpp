#include "identity_ledger.hpp"

#include "session_table.hpp"

namespace alk::listend {

namespace {

struct Use {
  std::uint64_t logins = 0, up = 0, down = 0, sessions = 0, channels = 0;
  void add(const Use& other) {
    logins += other.logins, up += other.up, down += other.down;
    sessions += other.sessions, channels += other.channels;
  }
};

void read_traffic(const char* name, const Labels& labels, const Use& use, std::vector<Reading>& into) {
  for (const auto& [direction, bytes] : {std::pair("up", use.up), std::pair("down", use.down)}) {
    Labels with = labels;
    with.emplace("direction", direction);
    into.push_back({name, std::move(with), bytes});
  }
}

} // namespace

auto IdentityLedger::account(const std::string& identity) -> Account& {
  auto known = accounts_.find(identity);
  if (known != accounts_.end()) return known->second;
  const bool room = accounts_.size() - accounts_.count(other_identities) < most_identities;
  return accounts_[room ? identity : other_identities];
}

void IdentityLedger::closed(const LiveSession& session) {
  Account& account = this->account(session.identity.id);
  if (!session.traffic) return;
  account.up += session.traffic->up.value();
  account.down += session.traffic->down.value();
}

void IdentityLedger::read(const SessionTable& live, std::vector<Reading>& into) const {
  std::map<std::string, Use> uses;
  Use all;
  for (const auto& [identity, account] : accounts_)
    uses[identity] = {account.logins, account.up, account.down, 0, 0};
  for (const LiveSession* session : live.all()) {
    Use use{0, 0, 0, 1, session->channels ? session->channels->load() : 0};
    if (session->traffic) use.up = session->traffic->up.value(), use.down = session->traffic->down.value();
    const bool own = accounts_.contains(session->identity.id);
    uses[own ? session->identity.id : other_identities].add(use);
  }
  for (const auto& [identity, use] : uses) {
    const Labels labels{{"identity", identity}};
    into.push_back({"alknet_identity_logins_total", labels, use.logins});
    read_traffic("alknet_identity_forwarded_bytes_total", labels, use, into);
    into.push_back({"alknet_identity_sessions", labels, use.sessions});
    into.push_back({"alknet_identity_channels", labels, use.channels});
    all.add(use);
  }
  read_traffic("alknet_forwarded_bytes_total", {}, all, into);
  into.push_back({"alknet_channels", {}, all.channels});
}

} // namespace alk::listend
