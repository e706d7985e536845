// The receiving end of sd_notify(3): who says READY=1.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace alk::alknet {

// Nothing that we wait for is longer; more is cut, never an error.
inline constexpr std::size_t notification_limit = 4096;

class NotifySocket {
 public:
  // A name in the abstract namespace, chosen by the kernel: no file, no limit of length. Anybody on the
  // machine can send to it, so the sender's process id (from the kernel) decides whether a message counts.
  static Result<NotifySocket> open();

  const std::string& name() const { return name_; } // for NOTIFY_SOCKET
  int descriptor() const { return socket_.get(); }

  // The processes that have said READY=1 since the last call; never blocks.
  std::vector<::pid_t> take_ready();

 private:
  Fd socket_;
  std::string name_;
};

} // namespace alk::alknet
