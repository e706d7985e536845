// The directory of the database files: names come from Place alone, nothing outside is reached, no symbolic
// link is followed.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "base/fd.hpp"

#include <vector>

namespace alk::stored {

class SqliteFiles {
 public:
  static Result<SqliteFiles> open(const std::string& directory);

  // The absolute path of an existing database. NotFound; Broken: no regular file of one name.
  Result<std::string> find(const Place& place) const;
  Result<void> make(const Place& place) const; // empty, mode 0600; Conflict: the name is taken

  // A tenant's database that is not whole yet, partial-ID.db: no Place finds it.
  Result<std::string> make_partial(const Place& place) const; // as make(), also of the tenant's own name
  bool partial(const Place& place) const;
  std::string partial_path(const Place& place) const;
  std::vector<Place> partials() const; // regular files of ours, of one name and of exactly this shape
  Result<void> require_partial_closed(const Place& place) const; // Busy
  Result<void> finish(const Place& place) const; // it is the tenant's from now on; Busy: not closed
  Result<void> drop_partial(const Place& place) const;

  Result<void> retire(const Place& place) const;
  Result<void> erase(const Place& place) const; // of a retired one, with what belongs to it
  bool retired(const Place& place) const;
  Result<std::uint64_t> bytes() const; // of every file in the directory

  // The one file that a copy is made in, under a name that no database has. What an earlier one left behind
  // is removed first.
  Result<std::string> make_scratch() const;
  Result<Fd> take_scratch() const; // for reading; it has no name any more
  void drop_scratch() const;

 private:
  SqliteFiles(Fd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}
  Result<void> sync() const;
  Result<void> require_closed(const std::string& name) const;
  Result<void> rename_closed(const std::string& from, const std::string& to) const;

  Fd directory_;
  std::string path_;
};

} // namespace alk::stored
