// What secretd counts since its start, and how Prometheus names it. No label says for whom.
#pragma once

#include "base/refusals.hpp"

namespace alk::secretd {

class Counts {
 public:
  void call(std::string_view member, const Result<void>& result);

  // What there is at the moment.
  struct Now {
    bool unlocked = false;
    bool unattended = false;
    std::uint64_t cached_keys = 0;
    std::uint64_t locked_memory = 0; // bytes
    std::uint64_t used_memory = 0;
  };
  std::vector<Metric> metrics(const Now& now) const;

 private:
  std::map<std::string, std::uint64_t, std::less<>> calls_; // by member: those of the interface
  Refusals refusals_;
};

} // namespace alk::secretd
