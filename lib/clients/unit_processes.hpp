// The processes of a unit and the scopes that they can be moved into (org.freedesktop.systemd1(5)).
#pragma once

#include "bus/blocking.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace alk::clients {

struct UnitProcess {
  ::pid_t pid = 0;
  std::string command; // as it was started; the process may have written something else there
};

class Units {
 public:
  explicit Units(bus::BlockingConnection& connection) : connection_(connection) {}

  // "stop", "restart", or empty when the unit has no job, as after a crash.
  Result<std::string> job_type(const std::string& unit);
  Result<std::vector<UnitProcess>> processes(const std::string& service);
  // Names of those that are loaded and match the pattern of glob(7).
  Result<std::vector<std::string>> matching(const std::string& pattern);
  Result<void> start_scope(const std::string& name, const std::string& description, ::pid_t process);
  Result<void> stop(const std::string& unit); // does not wait

 private:
  Result<bus::Message> ask(const char* member, const std::function<void(bus::Message&)>& fill);
  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
