#include "locked_file.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/time.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

// flock(2) has no deadline of its own: an alarm interrupts it, again and again in case it came too early.
class Alarm {
 public:
  explicit Alarm(std::chrono::seconds after) {
    struct ::sigaction interrupt {};
    interrupt.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &interrupt, &before_);
    set(after.count());
  }
  ~Alarm() {
    set(0);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  static void set(long seconds) {
    ::itimerval timer{{seconds > 0 ? 1 : 0, 0}, {seconds, 0}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
  }
  struct ::sigaction before_ {};
};

Result<void> lock(const Fd& directory, const std::string& path, std::chrono::seconds patience) {
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) {
    Alarm alarm(patience);
    if (::flock(directory.get(), LOCK_EX) == 0) return {};
  }
  if (errno == EINTR) return fail(Kind::Busy, path + ": another program is changing it and does not end");
  return fail_errno(errno, path);
}

// Where the file is or will be, without symbolic links.
Result<std::filesystem::path> resolve(const std::string& path) {
  std::error_code error;
  auto resolved = std::filesystem::canonical(path, error);
  if (!error) return resolved;
  if (error.value() != ENOENT) return fail_errno(error.value(), path);
  if (std::filesystem::is_symlink(path, error))
    return fail(Kind::NotFound, path + ": a symbolic link that leads nowhere");
  std::filesystem::path wanted = std::filesystem::absolute(path, error);
  auto parent = std::filesystem::canonical(wanted.parent_path(), error);
  if (error) return fail_errno(error.value(), wanted.parent_path().string());
  return parent / wanted.filename();
}

Result<void> write_all(const Fd& file, std::string_view content) {
  while (!content.empty()) {
    ::ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "writing");
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

} // namespace

Result<LockedFile> LockedFile::open(const std::string& path, std::size_t limit,
                                    std::chrono::seconds patience) {
  ALK_TRY(auto resolved, resolve(path));
  LockedFile file;
  file.path_ = resolved.string();
  file.name_ = resolved.filename().string();
  if (file.name_.empty()) return fail(Kind::Invalid, path + ": not a regular file");
  file.directory_.reset(::open(resolved.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.directory_) return fail_errno(errno, resolved.parent_path().string());
  ALK_TRY_VOID(lock(file.directory_, path, patience));
  ALK_TRY_VOID(file.read(limit));
  return file;
}

Result<void> LockedFile::read(std::size_t limit) {
  Fd file(
      ::openat(directory_.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  struct ::stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return fail_errno(errno, path_);
  if (!S_ISREG(facts.st_mode)) return fail(Kind::Invalid, path_ + ": not a regular file");
  before_ = facts;
  char chunk[16384];
  for (;;) {
    ::ssize_t count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path_);
    if (count == 0) return {};
    text_.append(chunk, static_cast<std::size_t>(count));
    if (text_.size() > limit)
      return fail(Kind::Invalid, path_ + ": larger than " + std::to_string(limit) + " bytes");
  }
}

// Owner first: the permissions of the old file are for its owner and group.
Result<void> LockedFile::write(const Fd& file, std::string_view content, ::mode_t mode_of_new) const {
  ALK_TRY_VOID(write_all(file, content));
  if (before_) {
    struct ::stat facts {};
    if (::fstat(file.get(), &facts) != 0) return fail_errno(errno, "looking at the new file");
    const bool same = facts.st_uid == before_->st_uid && facts.st_gid == before_->st_gid;
    if (!same && ::fchown(file.get(), before_->st_uid, before_->st_gid) != 0)
      return fail_errno(errno, "keeping the owner");
  }
  if (::fchmod(file.get(), before_ ? before_->st_mode & 07777 : mode_of_new) != 0)
    return fail_errno(errno, "keeping the permissions");
  if (::fsync(file.get()) != 0) return fail_errno(errno, "writing");
  return {};
}

Result<void> LockedFile::replace(std::string_view content, ::mode_t mode_of_new) {
  const std::string temporary = "." + name_ + "." + std::to_string(::getpid());
  ::unlinkat(directory_.get(), temporary.c_str(), 0); // left behind by a crash; the lock is ours
  Fd file(::openat(directory_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   0600));
  if (!file) return fail_errno(errno, path_);
  auto written = write(file, content, mode_of_new);
  if (written && ::renameat(directory_.get(), temporary.c_str(), directory_.get(), name_.c_str()) != 0)
    written = fail_errno(errno, "replacing");
  if (!written) {
    ::unlinkat(directory_.get(), temporary.c_str(), 0);
    return pass(std::move(written).error(), path_);
  }
  if (::fsync(directory_.get()) != 0) return fail_errno(errno, path_);
  text_ = content;
  return {};
}

} // namespace alk::alknetctl
