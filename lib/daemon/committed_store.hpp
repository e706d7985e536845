// The text of the configuration in force, with the service manager (FDSTORE=1): a daemon that crashes comes
// back with what it had, also when the files on disk were edited meanwhile and not reloaded. What was stopped
// on request begins anew from the disk.
#pragma once

#include "config/committed.hpp"
#include "loop/activation.hpp"

#include <optional>
#include <string>

namespace alk::daemon {

class CommittedStore {
 public:
  // Stored under "NAME-NUMBER"; each text has a number of its own, so that none is replaced before the next
  // one is kept.
  explicit CommittedStore(std::string name) : prefix_(std::move(name) + "-") {}

  // Takes what is ours out of `passed`: the last text that was kept. Nothing when there is none or it cannot
  // be read, which is logged.
  std::optional<config::CommittedText> take(std::vector<loop::PassedDescriptor>& passed);

  // The service manager has it when this returns. Without one that keeps descriptors, and when the system
  // gives no memory for it (logged), a crash loses it.
  void keep(const config::CommittedText& text);
  // The next start finds nothing.
  void withdraw();

 private:
  void remove(std::uint64_t first, std::uint64_t last);

  std::string prefix_;
  std::uint64_t oldest_ = 1; // what may be stored: from here
  std::uint64_t newest_ = 0; // to here
};

} // namespace alk::daemon
