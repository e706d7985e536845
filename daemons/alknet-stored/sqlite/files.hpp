// The directory of the database files: names come from Place alone, nothing outside is reached, no symbolic
// link is followed.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "base/fd.hpp"

namespace alk::stored {

class SqliteFiles {
 public:
  static Result<SqliteFiles> open(const std::string& directory);

  // The absolute path of an existing database. NotFound; Broken: no regular file of one name.
  Result<std::string> find(const Place& place) const;
  Result<void> make(const Place& place) const; // empty, mode 0600; Conflict: the name is taken
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

  Fd directory_;
  std::string path_;
};

} // namespace alk::stored
