// Lines from a descriptor, until somebody wants to stop.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <signal.h>

namespace alk::alknetctl {

// Twice what contracts/org.alknet.Store1.xml promises.
inline constexpr std::size_t max_event_line = std::size_t{2} << 20;

// While it lives, the first SIGINT, SIGTERM or SIGHUP is noticed instead of ending the process (the second
// ends it), and SIGPIPE is left to whoever writes. One at a time.
class StopSigns {
 public:
  static Result<std::unique_ptr<StopSigns>> make();
  ~StopSigns();
  StopSigns(const StopSigns&) = delete;
  StopSigns& operator=(const StopSigns&) = delete;

  int readable_when_stopped() const { return read_.get(); }
  // False when it was not waited to the end.
  bool pause(std::chrono::milliseconds time) const;

 private:
  StopSigns() = default;

  Fd read_, write_;
  struct ::sigaction before_[4]{};
};

class EventLines {
 public:
  enum class Came { Line, Nothing, End, Stop };

  // `listener`: where the lines go in the end, a reason to stop when nobody reads there; -1 for none.
  EventLines(Fd source, const StopSigns& signs, int listener)
      : source_(std::move(source)), signs_(signs), listener_(listener) {}

  bool has_line() const { return buffer_.find('\n', begin_) != buffer_.npos; } // without waiting
  // A line without its end goes to `line`; one that is cut off by the end of the descriptor does not count.
  Result<Came> next(std::string& line, std::chrono::milliseconds patience);

 private:
  Result<Came> fill(std::chrono::milliseconds patience);

  Fd source_;
  const StopSigns& signs_;
  int listener_;
  std::string buffer_;
  std::size_t begin_ = 0; // of what was not handed out
};

} // namespace alk::alknetctl
