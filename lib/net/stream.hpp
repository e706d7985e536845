// One ordered, reliable, full-duplex byte stream, nonblocking. Layer 1: it knows nothing of SSH or HTTP.
//
// Readiness, not completion: an idle connection holds no buffer. read() and write() never wait; when one says
// Again, wait() tells when to try it again. One wait per direction at a time.
#pragma once

#include "loop/task.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace alk::net {

enum class Direction { Read, Write };

struct Transfer {
  enum class State {
    Done,  // `count` bytes moved, at least one
    Again, // nothing moved: wait()
    End,   // read only: the peer has finished sending
    Failed // the stream is dead; `error` says why
  };
  State state = State::Again;
  std::size_t count = 0;
  std::error_code error;
  bool drained = false; // read, Done: nothing more has arrived, so wait() comes before the next read
};

class Stream {
 public:
  virtual ~Stream() = default;

  virtual Transfer read(std::span<std::byte> into) = 0;
  // After Again, or after a part was taken, the next write must begin with the bytes that were not taken and
  // must not offer fewer of them than 16 KiB if more were offered before (TLS has already sealed a record of
  // them).
  virtual Transfer write(std::span<const std::byte> from) = 0;

  // Calls `ready` once on the stream's loop when the direction may make progress (spurious calls are
  // allowed), or with operation_aborted after cancel() or close(). Never from inside this call.
  virtual void wait(Direction direction, std::function<void(std::error_code)> ready) = 0;

  // Ends the pending wait of that direction, if any, with operation_aborted. The stream stays usable.
  virtual void cancel(Direction direction) = 0;

  // Tells the peer that nothing more comes, where the protocol has a word for it (close_notify on TLS). Best
  // effort.
  virtual void announce_end() {}
  // Ends our sending direction (TCP FIN, after close_notify on TLS). Best effort, never blocks.
  virtual void shutdown_write() = 0;
  // Ends both directions and pending waits. Idempotent. Unread input makes TCP answer with a reset, as ever.
  virtual void close() = 0;

  // Bytes that have arrived below and were not read; closing now would answer them with a reset. 0 when
  // unknown.
  virtual std::size_t waiting() const { return 0; }

  virtual std::string_view kind() const = 0; // "tcp", "tls"
};

// The stream must outlive the tasks that wait on it.
// Awaits readiness of one direction; false once the wait was cancelled (also by the task's TaskGroup) or the
// stream closed.
Task<bool> ready(Stream& stream, Direction direction);

enum class Wait { Ready, Timeout, Cancelled };
// The same with a deadline, after which the stream stays usable. No timer is made when `deadline` is
// time_point::max().
Task<Wait> ready_until(Stream& stream, Direction direction, std::chrono::steady_clock::time_point deadline);

} // namespace alk::net
