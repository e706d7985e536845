#include "alknet-stored/sqlite/files.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

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

constexpr std::string_view partial_begin = "partial-", database_end = ".db";

std::string partial_name(const Place& place) {
  return std::string(partial_begin) + place.id() + std::string(database_end);
}

// Whose a name of exactly this shape is.
std::optional<Place> partial_place(std::string_view name) {
  if (!name.starts_with(partial_begin) || !name.ends_with(database_end)) return std::nullopt;
  name.remove_prefix(partial_begin.size());
  name.remove_suffix(std::min(name.size(), database_end.size()));
  auto place = Place::tenant(name);
  return place ? std::optional(std::move(*place)) : std::nullopt;
}

bool is_ours(int directory, const std::string& name) {
  struct stat facts {};
  return ::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(facts.st_mode) &&
         facts.st_nlink == 1 && facts.st_uid == ::geteuid();
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
Result<void> SqliteFiles::require_closed(const std::string& name) const {
  for (const char* companion : companions)
    if (exists(directory_.get(), name + companion))
      return fail(Kind::Busy, "the database is still open or was not closed in order");
  return {};
}

Result<void> SqliteFiles::rename_closed(const std::string& from, const std::string& to) const {
  ALK_TRY_VOID(require_closed(from));
  ALK_TRY_VOID(move(directory_.get(), from, to));
  return sync();
}

Result<void> SqliteFiles::retire(const Place& place) const {
  ALK_TRY_VOID(find(place));
  return rename_closed(name_of(place), retired_name(place));
}

Result<std::string> SqliteFiles::make_partial(const Place& place) const {
  if (retired(place)) return fail(Kind::Conflict, "a retired database has this id");
  if (exists(directory_.get(), name_of(place))) return fail(Kind::Conflict, "the database exists already");
  ALK_TRY_VOID(make_empty(directory_.get(), partial_name(place)));
  ALK_TRY_VOID(sync());
  return partial_path(place);
}

Result<void> SqliteFiles::require_partial_closed(const Place& place) const {
  return require_closed(partial_name(place));
}

bool SqliteFiles::partial(const Place& place) const {
  return exists(directory_.get(), partial_name(place));
}

std::string SqliteFiles::partial_path(const Place& place) const {
  return path_ + "/" + partial_name(place);
}

std::vector<Place> SqliteFiles::partials() const {
  std::vector<Place> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    auto place = partial_place(name);
    if (place && is_ours(directory_.get(), name)) found.push_back(std::move(*place));
  }
  return found;
}

Result<void> SqliteFiles::finish(const Place& place) const {
  if (exists(directory_.get(), name_of(place))) return fail(Kind::Conflict, "the database exists already");
  return rename_closed(partial_name(place), name_of(place));
}

// The database last: as long as it is there, what belongs to it is found.
Result<void> SqliteFiles::drop_partial(const Place& place) const {
  const std::string name = partial_name(place);
  if (!is_ours(directory_.get(), name)) return fail(Kind::NotFound, "no such database");
  for (const char* companion : companions)
    if (is_ours(directory_.get(), name + companion))
      ::unlinkat(directory_.get(), (name + companion).c_str(), 0);
  if (::unlinkat(directory_.get(), name.c_str(), 0) != 0) return fail_errno(errno, "removing " + name);
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
