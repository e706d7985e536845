// Tries, from inside of a unit's sandbox, what an intruder would: one line an attempt, "NAME ok" or "NAME
// ERROR". Linked statically, so that it runs wherever the daemon does. The story runs it without a sandbox as
// well, where all must be ok.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void say(const char* name, bool ok) {
  std::printf("%s %s\n", name, ok ? "ok" : strerrorname_np(errno));
  std::fflush(stdout);
}

// In a child: what it changes is not carried into the next attempt.
template <class Attempt>
void attempt(const char* name, Attempt what) {
  std::fflush(stdout);
  auto child = ::fork();
  if (child == 0) {
    errno = 0;
    ::_exit(what() ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
  say(name, errno == 0);
}

bool opens(const char* path, int flags) {
  return ::open(path, flags | O_CLOEXEC, 0600) >= 0;
}

bool makes_socket(int family, int type) {
  return ::socket(family, type | SOCK_CLOEXEC, 0) >= 0;
}

bool executes(const char* path) {
  std::array<char*, 2> arguments{const_cast<char*>("true"), nullptr};
  ::execv(path, arguments.data());
  return false; // with the reason in errno; a success ends the child with 0
}

// A program of the intruder's own, written to `directory` first.
bool executes_own(const char* directory) {
  auto path = std::string(directory) + "/probe-copy";
  auto from = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  auto to = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  if (from < 0 || to < 0) return false;
  std::array<char, 65536> part{};
  for (ssize_t size = 0; (size = ::read(from, part.data(), part.size())) > 0;)
    if (::write(to, part.data(), static_cast<size_t>(size)) != size) return false;
  ::close(to);
  std::array<char*, 2> arguments{const_cast<char*>("silent"), nullptr};
  ::execv(path.c_str(), arguments.data());
  auto reason = errno;
  ::unlink(path.c_str());
  errno = reason;
  return false;
}

void network() {
  attempt("unix-socket", [] { return makes_socket(AF_UNIX, SOCK_STREAM); });
  attempt("inet-socket", [] { return makes_socket(AF_INET, SOCK_STREAM); });
  attempt("inet6-socket", [] { return makes_socket(AF_INET6, SOCK_DGRAM); });
  attempt("netlink-socket", [] { return makes_socket(AF_NETLINK, SOCK_RAW); });
  attempt("packet-socket", [] { return makes_socket(AF_PACKET, SOCK_RAW); });
}

void files() {
  attempt("write-etc", [] { return opens("/etc/probe", O_WRONLY | O_CREAT); });
  attempt("write-usr", [] { return opens("/usr/libexec/alknet/probe-was-here", O_WRONLY | O_CREAT); });
  attempt("write-var", [] { return opens("/var/lib/probe", O_WRONLY | O_CREAT); });
  attempt("write-run", [] { return opens("/run/probe", O_WRONLY | O_CREAT); });
  attempt("write-keys", [] { return opens("/etc/alknet/authorized_keys", O_WRONLY); });
  attempt("read-shadow", [] { return opens("/etc/shadow", O_RDONLY); });
  attempt("read-host-key", [] { return opens("/etc/alknet/ssh_host_ed25519_key", O_RDONLY); });
  attempt("read-home", [] { return opens("/root/.profile", O_RDONLY); });
  attempt("see-init", [] { return opens("/proc/1/status", O_RDONLY); });
  attempt("write-sysctl", [] { return opens("/proc/sys/net/ipv4/ip_forward", O_WRONLY); });
  attempt("set-user-id-file", [] {
    auto file = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return file >= 0 && ::fchmod(file, 04700) == 0;
  });
}

void processes() {
  attempt("execute", [] { return executes("/usr/bin/true"); });
  attempt("execute-from-tmp", [] { return executes_own("/tmp"); });
  attempt("execute-from-var-tmp", [] { return executes_own("/var/tmp"); });
  attempt("execute-from-shm", [] { return executes_own("/dev/shm"); });
  attempt("trace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; });
  attempt("write-and-execute-memory", [] {
    return ::mmap(nullptr, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  });
  attempt("user-namespace", [] { return ::unshare(CLONE_NEWUSER) == 0; });
  attempt("mount", [] { return ::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0; });
  attempt("become-another-user", [] { return ::setresuid(1, 1, 1) == 0; });
  attempt("personality", [] { return ::personality(ADDR_NO_RANDOMIZE) != -1; });
  attempt("load-bpf",
          [] { return ::syscall(SYS_bpf, 0, nullptr, 0) != -1 || errno == EINVAL || errno == EFAULT; });
}

} // namespace

int main(int, char** arguments) {
  if (std::string_view(arguments[0]) == "silent") return 0; // executes_own()
  network();
  files();
  processes();
  // What the kernel says of this process: the real daemon's lines must be the same.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    for (const char* key : {"Uid:", "Gid:", "Cap", "NoNewPrivs:", "Seccomp"})
      if (line.starts_with(key)) std::printf("status %s\n", line.c_str());
}
