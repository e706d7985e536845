#include "daemon/failed_starts.hpp"

#include "loop/notify.hpp"
#include "loop/signals.hpp"

#include <algorithm>

#include <asio/io_context.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace alk::daemon {

namespace {
constexpr const char* stored_name = "failed-starts";
constexpr std::chrono::milliseconds manager_patience{2000}; // it reads within microseconds unless it hangs
constexpr std::uint64_t most_doublings = 16;                // far above longest_rest
} // namespace

std::chrono::milliseconds rest_after(std::uint64_t failures) {
  if (failures < 2) return std::chrono::milliseconds(0);
  return std::min(longest_rest, first_rest * (1 << std::min(failures - 2, most_doublings)));
}

void FailedStarts::take(std::vector<loop::PassedDescriptor>& passed) {
  for (loop::PassedDescriptor& one : passed) {
    if (one.name != stored_name) continue;
    std::uint64_t count = 0;
    if (::pread(one.fd.get(), &count, sizeof count, 0) == sizeof count) count_ = count;
    kept_ = std::move(one.fd);
  }
  std::erase_if(passed, [](const loop::PassedDescriptor& one) { return !one.fd; });
}

void FailedStarts::add() {
  ++count_;
  if (!kept_) {
    kept_.reset(::memfd_create(stored_name, MFD_CLOEXEC));
    if (kept_) loop::store_descriptor(stored_name, kept_.get());
  }
  // Without it every failure is a first one.
  if (kept_ && ::pwrite(kept_.get(), &count_, sizeof count_, 0) == sizeof count_)
    loop::wait_for_notifications(manager_patience);
}

void FailedStarts::forget() {
  count_ = 0;
  if (!kept_) return;
  kept_.reset();
  loop::remove_stored(stored_name);
  loop::wait_for_notifications(manager_patience);
}

bool rest(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return true;
  asio::io_context loop{1};
  bool told = false;
  loop::StopSignals signals(loop, [&](int) {
    told = true;
    loop.stop();
  });
  asio::steady_timer timer(loop, duration);
  timer.async_wait([&loop](std::error_code) { loop.stop(); });
  loop.run();
  return !told;
}

} // namespace alk::daemon
