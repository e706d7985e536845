// Starting a child of `alknet serve`.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace alk::alknet {

// sd_listen_fds(3): the first descriptor handed over.
inline constexpr int first_passed_descriptor = 3;

struct PassedSocket {
  std::string name; // LISTEN_FDNAMES
  int descriptor = -1;
};

struct ProcessSpec {
  std::string name;    // for people
  std::string program; // path; a name without a slash is looked up in $PATH
  std::vector<std::string> arguments;
  std::vector<std::string> environment; // "NAME=value", complete but for LISTEN_*
  std::vector<PassedSocket> sockets;    // become 3, 4, ... in this order
  int directory = -1;                   // becomes the next number; not announced
};

struct StartedProcess {
  ::pid_t pid = -1;
  Fd output; // the read end of its stdout and stderr, nonblocking
};

// A session of its own (a ^C of the terminal reaches `alknet serve` alone), stdin /dev/null, default signal
// handling, nothing open but what is listed, and SIGKILL when the calling thread ends. Returns once the
// program is running. Errors: by errno, with the program's name.
Result<StartedProcess> start_process(const ProcessSpec& spec);

// How a process ended, from waitpid(2): "exit status 1", "killed by signal 9 (Killed)".
std::string describe_exit(int status);

// The environment of this process for its children: what belongs to the service manager or a bus of ours is
// left out.
std::vector<std::string> inherited_environment(const char* const* environment);

} // namespace alk::alknet
