// Keeps one fault that shows with every connection from filling the log: a complaint about the same thing
// comes once a minute at most, with the number of those that were left out since. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace alk::log {

class Complaints {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes pause{1};
  // Things that are remembered at a time. While so many are at fault, others are left out.
  static constexpr std::size_t limit = 256;

  // How many complaints about this were left out since the last one; nothing: leave this one out, too.
  std::optional<std::uint64_t> raise(const std::string& about, Clock::time_point now);

 private:
  struct Past {
    Clock::time_point quiet_until;
    std::uint64_t left_out = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Past> past_;
};

} // namespace alk::log
