// Long work beside the transactions: it says how far it is, and hears that it is to end.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>

namespace alk::stored {

class Progress {
 public:
  virtual ~Progress() = default;
  // Called often; `done` of `total` in units of the work's own. An error ends the work, which passes it on.
  virtual Result<void> tell(std::uint64_t done, std::uint64_t total) = 0;
  // What breaks off a step that does not tell for long, for whoever ends the work from another thread. Taken
  // back with nullptr: when that returns, it is not running any more.
  virtual void breakable(std::function<void()> break_off) = 0;
};

} // namespace alk::stored
