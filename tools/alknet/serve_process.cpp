#include "serve_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alk::alknet {

namespace {

// Above every number that a child gets: where descriptors are parked before they are put in their places.
constexpr int parking = 100;

// Everything that the child needs, made before fork(2): between fork and exec only async-signal-safe calls
// are allowed.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<std::string> storage; // of both
  std::array<char, 32> listen_pid{};
  std::vector<int> descriptors; // for first_passed_descriptor and up
  int null = -1;
  int output = -1;
  int failure = -1;
  ::pid_t parent = -1;
  bool search_path = false;
};

void prepare_environment(const ProcessSpec& spec, Prepared& prepared) {
  std::vector<std::string>& texts = prepared.storage;
  texts = spec.environment;
  if (spec.sockets.empty()) return;
  std::string names;
  for (const PassedSocket& socket : spec.sockets) names += (names.empty() ? "" : ":") + socket.name;
  texts.push_back("LISTEN_FDS=" + std::to_string(spec.sockets.size()));
  texts.push_back("LISTEN_FDNAMES=" + names);
}

Prepared prepare(const ProcessSpec& spec) {
  Prepared prepared;
  prepare_environment(spec, prepared);
  std::size_t variables = prepared.storage.size();
  prepared.storage.push_back(spec.program);
  for (const std::string& argument : spec.arguments) prepared.storage.push_back(argument);
  for (std::size_t i = 0; i < prepared.storage.size(); ++i)
    (i < variables ? prepared.environment : prepared.arguments).push_back(prepared.storage[i].data());
  if (!spec.sockets.empty()) prepared.environment.push_back(prepared.listen_pid.data());
  prepared.environment.push_back(nullptr);
  prepared.arguments.push_back(nullptr);
  for (const PassedSocket& socket : spec.sockets) prepared.descriptors.push_back(socket.descriptor);
  if (spec.directory >= 0) prepared.descriptors.push_back(spec.directory);
  prepared.parent = ::getpid();
  prepared.search_path = spec.program.find('/') == std::string::npos;
  return prepared;
}

[[noreturn]] void give_up(int failure) {
  int number = errno;
  [[maybe_unused]] auto written = ::write(failure, &number, sizeof number);
  ::_exit(127);
}

void reset_signals() {
  // All of them: a shell that starts us in the background leaves SIGINT and SIGQUIT ignored.
  for (int signal = 1; signal < SIGRTMIN; ++signal) ::signal(signal, SIG_DFL);
  ::sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Out of the way first: a target number may be the source of another descriptor.
bool place_descriptors(Prepared& prepared) {
  prepared.failure = ::fcntl(prepared.failure, F_DUPFD_CLOEXEC, parking);
  for (int& descriptor : prepared.descriptors) descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, parking);
  if (::dup2(prepared.null, 0) < 0 || ::dup2(prepared.output, 1) < 0 || ::dup2(prepared.output, 2) < 0)
    return false;
  for (std::size_t i = 0; i < prepared.descriptors.size(); ++i)
    if (::dup2(prepared.descriptors[i], first_passed_descriptor + static_cast<int>(i)) < 0) return false;
  auto first_free =
      static_cast<unsigned>(first_passed_descriptor) + static_cast<unsigned>(prepared.descriptors.size());
  return ::close_range(first_free, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

void write_listen_pid(std::array<char, 32>& variable) {
  constexpr std::string_view name = "LISTEN_PID=";
  std::memcpy(variable.data(), name.data(), name.size());
  std::to_chars(variable.data() + name.size(), variable.data() + variable.size() - 1, ::getpid());
}

// In the child, until exec.
[[noreturn]] void become(Prepared& prepared) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) ::_exit(127); // it died before we asked to die with it
  if (!place_descriptors(prepared)) give_up(prepared.failure);
  write_listen_pid(prepared.listen_pid);
  reset_signals();
  if (prepared.search_path) {
    ::execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  } else {
    ::execve(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  }
  give_up(prepared.failure);
}

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Signals that arrive between fork and exec must not run this process's handlers in the child.
::pid_t fork_quietly(Prepared& prepared) {
  ::sigset_t all;
  ::sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  ::pid_t pid = ::fork();
  if (pid == 0) become(prepared);
  int number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = number;
  return pid;
}

// Empty once exec succeeded: the write end is close-on-exec.
int read_failure(const Fd& failure) {
  int number = 0;
  ssize_t count = 0;
  do {
    count = ::read(failure.get(), &number, sizeof number);
  } while (count < 0 && errno == EINTR);
  return count == sizeof number ? number : 0;
}

} // namespace

Result<StartedProcess> start_process(const ProcessSpec& spec) {
  Prepared prepared = prepare(spec);
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return fail_errno(errno, "/dev/null");
  ALK_TRY(Pipe output, make_pipe());
  ALK_TRY(Pipe failure, make_pipe());
  prepared.null = null.get();
  prepared.output = output.write.get();
  prepared.failure = failure.write.get();
  ::pid_t pid = fork_quietly(prepared);
  if (pid < 0) return fail_errno(errno, spec.name);
  failure.write.reset();
  if (int number = read_failure(failure.read)) {
    ::waitpid(pid, nullptr, 0);
    return fail_errno(number, spec.program);
  }
  if (::fcntl(output.read.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno(errno, spec.name);
  return StartedProcess{pid, std::move(output.read)};
}

std::string describe_exit(int status) {
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  int signal = WTERMSIG(status);
  return "killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

std::vector<std::string> inherited_environment(const char* const* environment) {
  constexpr std::string_view dropped[] = {
      "NOTIFY_SOCKET=", "LISTEN_",         "WATCHDOG_",      "DBUS_",   "ALKNET_BUS_ADDRESS=",
      "KRB5_CONFIG=",   "JOURNAL_STREAM=", "INVOCATION_ID=", "MAINPID="};
  std::vector<std::string> kept;
  for (; *environment != nullptr; ++environment) {
    std::string_view variable(*environment);
    if (std::ranges::none_of(dropped,
                             [variable](std::string_view name) { return variable.starts_with(name); }))
      kept.emplace_back(variable);
  }
  return kept;
}

} // namespace alk::alknet
