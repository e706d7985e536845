#include "alknet-stored/sqlite/no_wait.hpp"

#include <cerrno>

#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace alk::stored {

namespace {

thread_local bool no_wait = false;

bool is_in_memory(int fd) {
  struct ::statfs about {};
  return ::fstatfs(fd, &about) == 0 && about.f_type == TMPFS_MAGIC;
}

ssize_t read_page(int fd, void* to, size_t size, off_t at) {
  if (!no_wait) return ::pread(fd, to, size, at);
  const ::iovec place{to, size};
  const ssize_t got = ::preadv2(fd, &place, 1, at, RWF_NOWAIT);
  if (got < 0 && errno == EOPNOTSUPP && is_in_memory(fd)) return ::pread(fd, to, size, at);
  if (got != 0) return got;
  // Nobody reads behind the end here, but Linux 5.9 and 5.10 may say that it is reached: readv(2), BUGS.
  errno = EAGAIN;
  return -1;
}

} // namespace

bool can_read_without_waiting() {
  static const bool can = [] {
    if (::sqlite3_initialize() != SQLITE_OK) return false;
    ::sqlite3_vfs* files = ::sqlite3_vfs_find("unix");
    if (files == nullptr || files->iVersion < 3 || files->xSetSystemCall == nullptr) return false;
    auto teach = [files](const char* name) { // SQLite knows several, and has the one that it was built with
      return files->xGetSystemCall(files, name) != nullptr &&
             files->xSetSystemCall(files, name, reinterpret_cast<sqlite3_syscall_ptr>(&read_page)) ==
                 SQLITE_OK;
    };
    return teach("pread64") || teach("pread");
  }();
  return can;
}

NoWait::NoWait(bool wanted) : before_(no_wait) {
  no_wait = wanted || before_;
}

NoWait::~NoWait() {
  no_wait = before_;
}

} // namespace alk::stored
