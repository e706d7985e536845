#include "web_root.hpp"

#include "base/text.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace alk::listend {

namespace {

constexpr int file_flags =
    O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY; // O_NONBLOCK: a FIFO must not hold us up
constexpr int races_tolerated = 8; // openat2 answers EAGAIN when somebody renames directories under it

int open_with_kernel(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int i = 0;; ++i) {
    const auto number = static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
    if (number >= 0 || errno != EAGAIN || i == races_tolerated) return number;
  }
}

// For kernels and sandboxes without openat2: step by step, no symbolic links at all.
int open_by_steps(int root, const std::string& path, int flags) {
  Fd holder;
  int at = root;
  const auto parts = split(path, '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "..") return errno = EXDEV, -1;
    const std::string name(parts[i].empty() ? "." : parts[i]);
    const int number =
        ::openat(at, name.c_str(), (last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
    if (number < 0 || last) return number;
    holder.reset(number);
    at = holder.get();
  }
  return errno = ENOENT, -1;
}

Fd open_beneath(int root, const std::string& path, int flags) {
  const int number = open_with_kernel(root, path.c_str(), flags);
  if (number >= 0 || (errno != ENOSYS && errno != EPERM)) return Fd(number);
  return Fd(open_by_steps(root, path, flags));
}

// nginx's table, with what it does about refused links for a path that would leave the root.
int status_of(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
  case ENAMETOOLONG: return 404;
  case EACCES:
  case ELOOP:
  case EXDEV: return 403;
  default: return 500;
  }
}

std::string relative(const std::string& path) {
  return path.size() <= 1 ? "." : path.substr(1);
}

} // namespace

Result<WebRoot> WebRoot::open(const std::string& directory) {
  Fd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root && errno == ENOTDIR) return fail(Kind::Invalid, "web root " + directory + ": not a directory");
  if (!root) return fail_errno(errno, "web root " + directory);
  return WebRoot(std::move(root));
}

FoundFile WebRoot::find(const std::string& path) const {
  FoundFile found;
  found.fd = open_beneath(root_.get(), relative(path), file_flags);
  if (!found.fd) {
    found.status = status_of(errno);
    return found;
  }
  struct stat facts {};
  if (::fstat(found.fd.get(), &facts) != 0) {
    found.status = 500;
    return found;
  }
  found.status = S_ISDIR(facts.st_mode) ? 301 : S_ISREG(facts.st_mode) ? 200 : 404;
  found.facts.size = static_cast<std::uint64_t>(facts.st_size);
  found.facts.modified = facts.st_mtime;
  return found;
}

bool WebRoot::has_directory(const std::string& path) const {
  return static_cast<bool>(open_beneath(root_.get(), relative(path), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

} // namespace alk::listend
