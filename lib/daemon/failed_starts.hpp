// A start that fails is repeated by the service manager at once (RestartSec=), each time with all its
// reasons in the journal; systemd 252 has no growing delay of its own. So whoever fails again rests before it
// ends. The count outlives the process in the service manager's descriptor store.
#pragma once

#include "loop/activation.hpp"

#include <chrono>
#include <cstdint>

namespace alk::daemon {

inline constexpr std::chrono::milliseconds first_rest{400};
// A corrected file is found by the next try, so this is also how long a daemon then stays away at most.
inline constexpr std::chrono::milliseconds longest_rest{5000};

// Nothing before the first failure is reported: somebody waits for `systemctl start`. Then twice as long each
// time.
std::chrono::milliseconds rest_after(std::uint64_t failures);

class FailedStarts {
 public:
  // Takes what is ours out of `passed`.
  void take(std::vector<loop::PassedDescriptor>& passed);
  // One more; it is with the service manager when this returns.
  void add();
  // The start has worked, or somebody wants another one now.
  void forget();
  std::uint64_t count() const { return count_; } // in a row

 private:
  Fd kept_;
  std::uint64_t count_ = 0;
};

// Waits on a loop of its own, with nothing else running. False: ended early by SIGTERM or SIGINT.
bool rest(std::chrono::milliseconds duration);

} // namespace alk::daemon
