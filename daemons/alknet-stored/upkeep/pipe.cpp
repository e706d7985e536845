#include "alknet-stored/upkeep/pipe.hpp"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::stored {

namespace {

constexpr std::chrono::milliseconds look_up{100}; // how soon the end of the work is noticed
constexpr std::size_t pipe_piece = 64 * 1024;

} // namespace

Result<Pipe> Pipe::adopt(Fd fd, End end, const std::atomic<bool>& ending,
                         std::chrono::milliseconds patience) {
  struct stat facts {};
  const int flags = ::fcntl(fd.get(), F_GETFL);
  const int wanted = end == End::Writing ? O_WRONLY : O_RDONLY;
  if (flags < 0 || ::fstat(fd.get(), &facts) != 0 || !S_ISFIFO(facts.st_mode) ||
      (flags & O_ACCMODE) != wanted || (flags & O_PATH) != 0)
    return fail(Kind::Invalid,
                end == End::Writing ? "not the writing end of a pipe" : "not the reading end of a pipe");
  if (::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) return fail_errno(errno, "a pipe");
  return Pipe(std::move(fd), ending, patience);
}

Result<void> Pipe::go_on() const {
  if (*ending_) return fail(Kind::Gone, "the service ends");
  return {};
}

Result<void> Pipe::wait(short what) {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    ALK_TRY_VOID(go_on());
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(Kind::Gone, "the other end of the pipe does nothing");
    pollfd ready{fd_.get(), what, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(look_up.count()));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno(errno, "waiting for a pipe");
  }
}

Result<void> Pipe::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ALK_TRY_VOID(go_on());
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EPIPE) return fail(Kind::Gone, "the reader of the pipe has gone away");
    if (errno == EAGAIN)
      ALK_TRY_VOID(wait(POLLOUT));
    else if (errno != EINTR)
      return fail_errno(errno, "writing to a pipe");
  }
  return {};
}

Result<std::string> Pipe::read() {
  std::string bytes(pipe_piece, '\0');
  for (;;) {
    ALK_TRY_VOID(go_on());
    const ssize_t count = ::read(fd_.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    }
    if (errno == EAGAIN)
      ALK_TRY_VOID(wait(POLLIN));
    else if (errno != EINTR)
      return fail_errno(errno, "reading from a pipe");
  }
}

} // namespace alk::stored
