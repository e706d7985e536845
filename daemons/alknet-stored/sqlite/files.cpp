#include "alknet-stored/sqlite/files.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::stored {

namespace {

// What SQLite keeps beside a database: a log that was not yet moved into it belongs to it.
constexpr const char* companions[] = {"-wal", "-shm", "-journal"};

constexpr const char* scratch_name = "copy-under-way.db";

std::string name_of(const Place& place) {
  return place.is_system() ? "system.db" : "tenant-" + place.id() + ".db";
}

std::string retired_name(const Place& place) {
  return "retired-" + place.id() + ".db";
}

bool exists(int directory, const std::string& name) {
  struct stat facts {};
  return ::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<void> make_empty(int directory, const std::string& name) {
  Fd file(::openat(directory, name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file) return {};
  if (errno == EEXIST) return fail(Kind::Conflict, "the database exists already");
  if (errno == ENOSPC || errno == EDQUOT) return fail(Kind::Busy, "storage full");
  return fail_errno(errno, "making " + name);
}

Result<void> move(int directory, const std::string& from, const std::string& to) {
  if (::renameat(directory, from.c_str(), directory, to.c_str()) == 0) return {};
  return fail_errno(errno, "renaming " + from);
}

} // namespace

Result<SqliteFiles> SqliteFiles::open(const std::string& directory) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(directory.c_str(), nullptr), &std::free);
  if (!real) return fail_errno(errno, directory);
  Fd opened(::open(real.get(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) return fail_errno(errno, directory);
  return SqliteFiles(std::move(opened), real.get());
}

Result<std::string> SqliteFiles::find(const Place& place) const {
  const std::string name = name_of(place);
  // O_PATH: closing an ordinary descriptor would drop the locks that this process has on the file.
  Fd file(::openat(directory_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno == ENOENT) return fail(Kind::NotFound, "no such database");
  if (!file) return fail_errno(errno, name);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return fail_errno(errno, name);
  if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1)
    return fail(Kind::Broken, path_ + "/" + name + " is not a file with one name");
  return path_ + "/" + name;
}

Result<void> SqliteFiles::make(const Place& place) const {
  if (retired(place)) return fail(Kind::Conflict, "a retired database has this id");
  ALK_TRY_VOID(make_empty(directory_.get(), name_of(place)));
  return sync();
}

// Closing in order leaves nothing beside a database; a log that is there still belongs to it under its old
// name.
Result<void> SqliteFiles::retire(const Place& place) const {
  ALK_TRY_VOID(find(place));
  const std::string from = name_of(place), to = retired_name(place);
  for (const char* companion : companions)
    if (exists(directory_.get(), from + companion))
      return fail(Kind::Busy, "the database is still open or was not closed in order");
  ALK_TRY_VOID(move(directory_.get(), from, to));
  return sync();
}

Result<void> SqliteFiles::erase(const Place& place) const {
  const std::string name = retired_name(place);
  if (::unlinkat(directory_.get(), name.c_str(), 0) != 0) {
    if (errno == ENOENT) return fail(Kind::NotFound, "no retired database has this id");
    return fail_errno(errno, "erasing " + name);
  }
  return sync();
}

bool SqliteFiles::retired(const Place& place) const {
  return exists(directory_.get(), retired_name(place));
}

void SqliteFiles::drop_scratch() const {
  ::unlinkat(directory_.get(), scratch_name, 0);
  for (const char* companion : companions)
    ::unlinkat(directory_.get(), (std::string(scratch_name) + companion).c_str(), 0);
}

Result<std::string> SqliteFiles::make_scratch() const {
  drop_scratch();
  ALK_TRY_VOID(make_empty(directory_.get(), scratch_name));
  return path_ + "/" + scratch_name;
}

Result<Fd> SqliteFiles::take_scratch() const {
  Fd file(::openat(directory_.get(), scratch_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return fail_errno(errno, scratch_name);
  drop_scratch();
  return file;
}

Result<void> SqliteFiles::sync() const {
  if (::fsync(directory_.get()) != 0) return fail_errno(errno, "syncing " + path_);
  return {};
}

Result<std::uint64_t> SqliteFiles::bytes() const {
  std::uint64_t sum = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat facts {};
    // One may go while they are counted.
    if (::fstatat(directory_.get(), entry->path().filename().c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(facts.st_mode))
      sum += static_cast<std::uint64_t>(facts.st_size);
  }
  if (error) return fail_errno(error.value(), path_);
  return sum;
}

} // namespace alk::stored
