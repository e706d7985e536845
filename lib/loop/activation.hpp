// Listening sockets handed over by the service manager or by `alknet serve` (sd_listen_fds(3): LISTEN_FDS,
// LISTEN_PID, LISTEN_FDNAMES). Their order is not stable: match by name only.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace alk::loop {

struct PassedDescriptor {
  std::string name; // FileDescriptorName=; "unknown" when none was given
  Fd fd;
};

// Takes them once: the variables are removed from the environment. Empty when none were passed.
Result<std::vector<PassedDescriptor>> take_passed_descriptors();

} // namespace alk::loop
