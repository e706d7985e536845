#include "session_table.hpp"

namespace alk::listend {

std::optional<LiveSession> SessionTable::remove(std::uint64_t id) {
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return std::nullopt;
  LiveSession session = std::move(found->second);
  sessions_.erase(found);
  return session;
}

const LiveSession* SessionTable::find(std::uint64_t id) const {
  auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

const LiveSession* SessionTable::find_identity(const std::string& identity) const {
  for (const auto& [id, session] : sessions_)
    if (session.identity.id == identity) return &session;
  return nullptr;
}

std::vector<const LiveSession*> SessionTable::all() const {
  std::vector<const LiveSession*> found;
  found.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) found.push_back(&session);
  return found;
}

std::vector<const LiveSession*> SessionTable::of_credentials(const std::set<std::string>& credentials) const {
  std::vector<const LiveSession*> found;
  for (const auto& [id, session] : sessions_)
    if (credentials.contains(session.credential())) found.push_back(&session);
  return found;
}

std::vector<std::string> SessionTable::credentials() const {
  std::set<std::string> found;
  for (const auto& [id, session] : sessions_) found.insert(session.credential());
  return {found.begin(), found.end()};
}

} // namespace alk::listend
