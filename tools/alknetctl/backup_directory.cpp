#include "backup_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

// What system.db and tenant-ID.db are made of.
bool is_database_name(std::string_view name) {
  auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (name.size() > 64 || name.size() < 4 || !name.ends_with(".db")) return false;
  name.remove_suffix(3);
  return std::all_of(name.begin(), name.end(), plain);
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> sync_directory(const std::string& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return fail_errno(errno, path);
  return {};
}

} // namespace

Result<BackupDirectory> BackupDirectory::make(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  struct stat facts {};
  if (path.empty() || path == "/" || ::lstat(path.c_str(), &facts) == 0)
    return fail(Kind::Conflict, path + " exists: a backup overwrites nothing");
  const std::string part = path + ".part";
  if (::mkdir(part.c_str(), 0700) != 0) {
    if (errno != EEXIST) return fail_errno(errno, part);
    return fail(Kind::Conflict, part + " exists: a backup is under way, or one was interrupted");
  }
  Fd directory(::open(part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return fail_errno(errno, part);
  return BackupDirectory(std::move(path), std::move(directory));
}

BackupDirectory::~BackupDirectory() {
  if (!directory_) return;
  for (const std::string& name : files_) ::unlinkat(directory_.get(), name.c_str(), 0);
  ::rmdir((path_ + ".part").c_str());
}

Result<void> BackupDirectory::begin_file(const std::string& name) {
  ALK_TRY_VOID(finish_file());
  if (!is_database_name(name)) return fail(Kind::Broken, "alknet-stored names a file that is no database");
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = Fd(::openat(directory_.get(), name.c_str(), flags, 0600));
  if (!file_) return fail_errno(errno, name);
  files_.push_back(name);
  return {};
}

Result<void> BackupDirectory::write(std::string_view bytes) {
  if (!file_) return fail(Kind::Broken, "alknet-stored sends what belongs to no file");
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, files_.back());
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> BackupDirectory::finish_file() {
  if (file_ && ::fsync(file_.get()) != 0) return fail_errno(errno, files_.back());
  file_.reset();
  return {};
}

Result<void> BackupDirectory::commit() {
  ALK_TRY_VOID(finish_file());
  if (::fsync(directory_.get()) != 0) return fail_errno(errno, path_);
  const std::string part = path_ + ".part";
  if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return fail(Kind::Conflict, path_ + " exists: a backup overwrites nothing");
    return fail_errno(errno, path_);
  }
  directory_.reset();
  return sync_directory(parent_of(path_));
}

} // namespace alk::alknetctl
