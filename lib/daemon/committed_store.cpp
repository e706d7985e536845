#include "daemon/committed_store.hpp"

#include "base/text.hpp"
#include "log/log.hpp"
#include "loop/notify.hpp"

#include <algorithm>

namespace alk::daemon {

namespace {
constexpr std::chrono::milliseconds manager_patience{2000}; // it reads within microseconds unless it hangs
}

std::optional<config::CommittedText> CommittedStore::take(std::vector<loop::PassedDescriptor>& passed) {
  std::map<std::uint64_t, Fd> found;
  for (loop::PassedDescriptor& one : passed) {
    if (!one.name.starts_with(prefix_)) continue;
    if (auto number = parse_number(std::string_view(one.name).substr(prefix_.size())))
      found[*number] = std::move(one.fd);
  }
  std::erase_if(passed, [](const loop::PassedDescriptor& one) { return !one.fd; });
  if (found.empty()) return std::nullopt;
  oldest_ = found.begin()->first;
  newest_ = found.rbegin()->first;
  auto text = config::unpack_committed(found.rbegin()->second);
  if (text) return std::move(*text);
  log::warning("what was kept over the last end cannot be used: " + text.error().describe());
  return std::nullopt;
}

void CommittedStore::keep(const config::CommittedText& text) {
  if (!loop::descriptors_are_kept()) return;
  auto memory = config::pack(text);
  if (!memory) {
    log::warning("a crash would lose the configuration in force: " + memory.error().describe());
    return;
  }
  ++newest_;
  loop::store_descriptor(prefix_ + std::to_string(newest_), memory->get());
  loop::wait_for_notifications(manager_patience);
  remove(oldest_, newest_ - 1);
  oldest_ = newest_;
}

void CommittedStore::withdraw() {
  if (!loop::descriptors_are_kept()) return;
  remove(oldest_, newest_);
  oldest_ = newest_ + 1;
  loop::wait_for_notifications(manager_patience);
}

void CommittedStore::remove(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t number = first; number <= last; ++number)
    loop::remove_stored(prefix_ + std::to_string(number));
}

} // namespace alk::daemon
