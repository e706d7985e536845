// Reads of a file that give up where they would wait for a disk.
#pragma once

namespace alk::stored {

// Whether this SQLite can be taught so, which the first call does, before any other thread uses SQLite. If
// not, nothing has changed, and a NoWait has no effect.
bool can_read_without_waiting();

// While one lives, SQLite's reads on this thread fail (as an I/O error, SQLITE_IOERR_READ) where the page is
// not in the machine's memory, and where the file system cannot tell.
class NoWait {
 public:
  explicit NoWait(bool wanted);
  ~NoWait();
  NoWait(const NoWait&) = delete;
  NoWait& operator=(const NoWait&) = delete;

 private:
  const bool before_;
};

} // namespace alk::stored
