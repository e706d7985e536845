#include "alknet-stored/upkeep/report.hpp"

namespace alk::stored {

Result<void> Report::begin(std::string name) {
  name_ = std::move(name);
  told_ = {};
  return tell(0, 0);
}

Result<void> Report::tell(std::uint64_t done, std::uint64_t total) {
  ALK_TRY_VOID(pipe_.go_on());
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < progress_pause) return {};
  told_ = now;
  JsonObject progress;
  progress.add("progress", name_)
      .add("done", static_cast<std::int64_t>(done))
      .add("total", static_cast<std::int64_t>(total));
  return line(progress);
}

void Report::breakable(std::function<void()> break_off) {
  std::lock_guard lock(mutex_);
  break_off_ = std::move(break_off);
}

void Report::break_off() {
  std::lock_guard lock(mutex_);
  if (break_off_) break_off_();
}

} // namespace alk::stored
