// Whether every loop of the engine still turns: asked of all of them at each beat, anew only when all have
// answered.
#pragma once

#include <functional>
#include <memory>

namespace alk::listend {

// Beats that a round may last. Longer than the supervisor's own patience with the main loop, because a worker
// may wait for a slow disk (files of the web root), and ending an engine ends its sessions.
inline constexpr unsigned most_late_beats = 10;

class Pulse {
 public:
  // `round` reaches every loop and then calls `back`, on the loop that calls turns().
  explicit Pulse(std::function<void(std::function<void()> back)> round) : round_(std::move(round)) {}

  // Once per beat. False while a round lasts longer than most_late_beats.
  bool turns() {
    if (*under_way_) return ++beats_ <= most_late_beats;
    beats_ = 0;
    *under_way_ = true;
    round_([under_way = under_way_] { *under_way = false; });
    return true;
  }

 private:
  std::function<void(std::function<void()>)> round_;
  // Shared with the round, which may come back after us.
  std::shared_ptr<bool> under_way_ = std::make_shared<bool>(false);
  unsigned beats_ = 0;
};

} // namespace alk::listend
