#include "log/complaints.hpp"

#include <utility>

namespace alk::log {

std::optional<std::uint64_t> Complaints::raise(const std::string& about, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  auto known = past_.find(about);
  if (known != past_.end()) {
    if (now < known->second.quiet_until) {
      ++known->second.left_out;
      return std::nullopt;
    }
    known->second.quiet_until = now + pause;
    return std::exchange(known->second.left_out, 0);
  }
  if (past_.size() >= limit)
    std::erase_if(past_, [now](const auto& entry) { return now >= entry.second.quiet_until; });
  if (past_.size() >= limit) return std::nullopt;
  past_[about].quiet_until = now + pause;
  return 0;
}

} // namespace alk::log
