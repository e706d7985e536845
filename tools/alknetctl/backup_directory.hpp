// A directory that a backup is written into: there under its name when all of it is on the disk, and not
// before. Nothing is overwritten.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alk::alknetctl {

class BackupDirectory {
 public:
  // Makes PATH.part, for its owner alone. Conflict: PATH or PATH.part is there.
  static Result<BackupDirectory> make(std::string path);
  BackupDirectory(BackupDirectory&&) noexcept = default;
  BackupDirectory& operator=(BackupDirectory&&) = delete;
  ~BackupDirectory(); // without commit(), what was made is removed

  // One file after the other. The name comes from the service: Broken when it is none of a database.
  Result<void> begin_file(const std::string& name);
  Result<void> write(std::string_view bytes);
  Result<void> commit();

 private:
  BackupDirectory(std::string path, Fd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  Result<void> finish_file();

  std::string path_;
  Fd directory_; // none: committed
  Fd file_;
  std::vector<std::string> files_;
};

} // namespace alk::alknetctl
