// A file that people and programs change in turn: locked while it is read and written, replaced as a whole.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace alk::alknetctl {

// Another change takes milliseconds; whoever holds the lock for longer is stuck.
inline constexpr std::chrono::seconds lock_patience{10};

// The lock is one of flock(2) on the directory: it leaves no file behind and outlives the replacement of the
// file. Editors do not know it; they replace the file as a whole, too.
class LockedFile {
 public:
  // Follows symbolic links, so that the file that they lead to is replaced and not the link. A file that is
  // not there reads as empty. Errors: NotFound (no such directory, or a link to nowhere), Denied, Busy (the
  // lock), Invalid (not a regular file, larger than `limit`).
  static Result<LockedFile> open(const std::string& path, std::size_t limit,
                                 std::chrono::seconds patience = lock_patience);

  const std::string& path() const { return path_; } // without symbolic links
  const std::string& text() const { return text_; }

  // On disk when it returns; owner and permissions stay, those of a new file are the caller's and
  // `mode_of_new`. Access control lists are not kept. Fails without a change.
  Result<void> replace(std::string_view content, ::mode_t mode_of_new);

 private:
  Result<void> read(std::size_t limit);
  Result<void> write(const Fd& file, std::string_view content, ::mode_t mode_of_new) const;

  std::string path_;
  std::string name_; // the last part of path_
  Fd directory_;     // holds the lock
  std::optional<struct ::stat> before_;
  std::string text_;
};

} // namespace alk::alknetctl
