#include "event_lines.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace alk::alknetctl {

static constexpr std::array stop_signals{SIGINT, SIGTERM, SIGHUP};
static int stop_pipe = -1; // of the StopSigns that lives

static void note_stop(int) {
  const int before = errno;
  if (::write(stop_pipe, "", 1) < 0) errno = 0; // full: it is known already
  errno = before;
}

Result<std::unique_ptr<StopSigns>> StopSigns::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno(errno, "pipe");
  std::unique_ptr<StopSigns> signs(new StopSigns);
  signs->read_.reset(ends[0]);
  signs->write_.reset(ends[1]);
  stop_pipe = ends[1];
  struct ::sigaction action {};
  action.sa_handler = note_stop;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  for (std::size_t i = 0; i < stop_signals.size(); ++i)
    ::sigaction(stop_signals[i], &action, &signs->before_[i]);
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  ::sigaction(SIGPIPE, &action, &signs->before_[stop_signals.size()]);
  return signs;
}

StopSigns::~StopSigns() {
  for (std::size_t i = 0; i < stop_signals.size(); ++i) ::sigaction(stop_signals[i], &before_[i], nullptr);
  ::sigaction(SIGPIPE, &before_[stop_signals.size()], nullptr);
}

bool StopSigns::pause(std::chrono::milliseconds time) const {
  ::pollfd sign{read_.get(), POLLIN, 0};
  return ::poll(&sign, 1, static_cast<int>(time.count())) == 0;
}

Result<EventLines::Came> EventLines::next(std::string& line, std::chrono::milliseconds patience) {
  for (;;) {
    if (const auto end = buffer_.find('\n', begin_); end != buffer_.npos) {
      line.assign(buffer_, begin_, end - begin_);
      begin_ = end + 1;
      return Came::Line;
    }
    buffer_.erase(0, std::exchange(begin_, 0));
    if (buffer_.size() > max_event_line) return fail(Kind::Broken, "an event without an end");
    ALK_TRY(const Came came, fill(patience));
    if (came != Came::Line) return came;
  }
}

// Line: something was read.
Result<EventLines::Came> EventLines::fill(std::chrono::milliseconds patience) {
  ::pollfd ends[] = {
      {source_.get(), POLLIN, 0}, {signs_.readable_when_stopped(), POLLIN, 0}, {listener_, 0, 0}};
  const int ready = ::poll(ends, 3, static_cast<int>(patience.count()));
  if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for events");
  if (ready <= 0) return Came::Nothing;
  if (ends[1].revents != 0 || ends[2].revents != 0) return Came::Stop;
  char chunk[65536];
  const ssize_t count = ::read(source_.get(), chunk, sizeof chunk);
  if (count < 0 && errno != EINTR) return fail_errno(errno, "reading events");
  if (count == 0) return Came::End;
  if (count > 0) buffer_.append(chunk, static_cast<std::size_t>(count));
  return Came::Line;
}

} // namespace alk::alknetctl
