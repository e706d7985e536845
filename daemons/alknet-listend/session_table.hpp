// The authenticated sessions of an engine. Main loop only.
#pragma once

#include "live_session.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace alk::listend {

class SessionTable {
 public:
  void add(LiveSession session) { sessions_[session.id] = std::move(session); }
  // The session as it was; nothing when it never logged in.
  std::optional<LiveSession> remove(std::uint64_t id);
  const LiveSession* find(std::uint64_t id) const;
  const LiveSession* find_identity(const std::string& identity) const; // any session of it
  std::vector<const LiveSession*> all() const;
  std::vector<const LiveSession*> of_credentials(const std::set<std::string>& credentials) const;
  std::vector<std::string> credentials() const; // each once
  std::size_t size() const { return sessions_.size(); }

 private:
  std::map<std::uint64_t, LiveSession> sessions_;
};

} // namespace alk::listend
