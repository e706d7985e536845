// An end of a pipe that a caller handed over. Long work waits on it with patience, but never for good: not
// when it is to end, and not for somebody who does nothing.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace alk::stored {

// Whoever moves no byte for so long is given up: one work at a time is under way, and others wait.
inline constexpr std::chrono::seconds pipe_patience{60};

class Pipe {
 public:
  enum class End { Reading, Writing };

  // Invalid: not that end of a pipe. It is made non-blocking, for all who share it. `ending` outlives it.
  static Result<Pipe> adopt(Fd fd, End end, const std::atomic<bool>& ending,
                            std::chrono::milliseconds patience = pipe_patience);

  // All of it. Gone: nobody reads any more, or for too long; or the work is to end.
  Result<void> write(std::string_view bytes);
  // What there is, 64 KiB at most; empty: the end. Gone: nobody has written for too long; or the work is to
  // end.
  Result<std::string> read();
  Result<void> go_on() const; // Gone: the work is to end

 private:
  Pipe(Fd fd, const std::atomic<bool>& ending, std::chrono::milliseconds patience)
      : fd_(std::move(fd)), ending_(&ending), patience_(patience) {}
  Result<void> wait(short what);

  Fd fd_;
  const std::atomic<bool>* ending_;
  std::chrono::milliseconds patience_;
};

} // namespace alk::stored
