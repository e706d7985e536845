// Why the service manager stops us: for good, or to start us again.
#pragma once

#include "bus/connection.hpp"

namespace alk::listend {

enum class JobType {
  Stop,
  Restart, // also when nobody answers: then the engines notice by themselves when they are not wanted
};

// The unit in the text of /proc/self/cgroup (cgroups(7)): the last ".service" of systemd's own hierarchy.
// Empty when there is none.
std::string unit_of_cgroup(std::string_view text);

// Asks systemd for the job of the unit that this process belongs to.
Task<JobType> ask_job_type(bus::Connection& connection);

} // namespace alk::listend
