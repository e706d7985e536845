// What outlives the supervisor, in the service manager's descriptor store: the control socket of each engine,
// under the name gen-NUMBER-PID, and memfds with the last number given out, so that numbers are unique
// for as long as the service is not stopped, and with what engines that have ended had counted.
#pragma once

#include "loop/activation.hpp"
#include "supervisor/generation.hpp"

namespace alk::listend {

struct StoredEngine {
  std::uint64_t number = 0;
  ::pid_t pid = 0;
  Fd control;
};

// "gen-NUMBER-PID"; the process id keeps a frozen engine, which cannot say who it is, within reach.
std::string stored_name(std::uint64_t number, ::pid_t pid);

class GenerationStore {
 public:
  // Takes what is ours out of `passed`; what stays are listening sockets. Once, at the start.
  std::vector<StoredEngine> take(std::vector<loop::PassedDescriptor>& passed);
  std::uint64_t last_number() const { return last_number_; }

  // Blocks for a moment, until the service manager has it.
  void keep(Generation& generation);
  void forget(const Generation& generation);
  // Sums that the next supervisor goes on from (MetricBook::save), and those of the last one.
  void keep_sums(const std::string& sums);
  const std::string& last_sums() const { return last_sums_; }

 private:
  void write_number(std::uint64_t number);
  Fd counter_;
  Fd sums_;
  std::string last_sums_;
  std::uint64_t last_number_ = 0;
};

} // namespace alk::listend
