#include "alknet-stored/subscribers.hpp"

#include "log/log.hpp"
#include "loop/asio.hpp"

#include <cerrno>

#include <asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace alk::stored {

struct Subscribers::Subscriber {
  Subscriber(asio::io_context& loop, std::uint32_t uid, Place place, std::unique_ptr<LineSource> source,
             AtEnd at_end)
      : uid(uid), place(std::move(place)), source(std::move(source)), at_end(at_end), pipe(loop),
        timer(loop) {}

  const std::uint32_t uid;
  const Place place;
  std::shared_ptr<const LineSource> source; // a read that is under way has its own hold
  const AtEnd at_end;
  asio::posix::stream_descriptor pipe;
  asio::steady_timer timer;
  std::string lines; // what is being written
  std::size_t written = 0;
  bool more = false;  // behind them, as far as is known
  bool busy = true;   // reading, writing, or about to
  bool woken = false; // meanwhile
};

Subscribers::Subscribers(asio::io_context& loop, Store& store) : loop_(loop), store_(store) {}
Subscribers::~Subscribers() = default;

Subscribers::Subscriber* Subscribers::find(Id id) {
  auto entry = all_.find(id);
  return entry == all_.end() ? nullptr : entry->second.get();
}

Result<void> Subscribers::admit(std::uint32_t uid) const {
  if (closed_) return fail(Kind::Gone, "the service is stopping");
  std::size_t theirs = 0;
  for (const auto& [id, one] : all_) theirs += one->uid == uid ? 1 : 0;
  if (all_.size() >= max_subscribers || theirs >= max_subscribers_of_one)
    return fail(Kind::Busy, "too many subscriptions");
  return {};
}

Result<Fd> Subscribers::add(std::uint32_t uid, Place place, std::unique_ptr<LineSource> source,
                            AtEnd at_end) {
  ALK_TRY_VOID(admit(uid));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  Fd theirs(ends[0]), ours(ends[1]);
  // Ours alone: theirs blocks, as readers expect it.
  if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno(errno, "pipe");
  auto made = std::make_unique<Subscriber>(loop_, uid, std::move(place), std::move(source), at_end);
  asio::error_code error;
  made->pipe.assign(ours.get(), error);
  if (error) return fail_errno(error.value(), "watching a pipe");
  static_cast<void>(ours.release());
  const Id id = ++last_;
  all_.emplace(id, std::move(made));
  watch_for_leaving(id);
  look(id);
  return theirs;
}

// The writing end of a pipe is in error once nobody can read from the other.
void Subscribers::watch_for_leaving(Id id) {
  find(id)->pipe.async_wait(asio::posix::stream_descriptor::wait_error,
                            [weak = std::weak_ptr(self_), id](const asio::error_code& error) {
                              auto self = weak.lock();
                              if (self && !error) (*self)->all_.erase(id);
                            });
}

void Subscribers::wake(const std::optional<Place>& place) {
  std::vector<Id> idle;
  for (auto& [id, one] : all_) {
    if (place && !(one->place == *place)) continue;
    one->woken = true;
    if (!one->busy) idle.push_back(id);
  }
  for (Id id : idle) look_in(id, pause());
}

void Subscribers::close_all() {
  closed_ = true;
  all_.clear();
}

void Subscribers::look_in(Id id, std::chrono::milliseconds pause) {
  Subscriber* one = find(id);
  one->busy = true;
  one->timer.expires_after(pause);
  one->timer.async_wait([weak = std::weak_ptr(self_), id](const asio::error_code& error) {
    auto self = weak.lock();
    if (self && !error) (*self)->look(id);
  });
}

void Subscribers::look(Id id) {
  Subscriber* one = find(id);
  if (one == nullptr) return;
  one->busy = true;
  one->woken = false;
  auto piece = std::make_shared<LineSource::Piece>();
  auto work = [piece, source = one->source](Transaction& tables) -> Result<void> {
    ALK_TRY(*piece, source->read(tables));
    return {};
  };
  store_.read(one->place, work, [weak = std::weak_ptr(self_), id, piece](Result<void> done) {
    if (auto self = weak.lock()) (*self)->take(id, std::move(done), *piece);
  });
}

void Subscribers::take(Id id, Result<void> done, LineSource::Piece& piece) {
  Subscriber* one = find(id);
  if (one == nullptr) return;
  if (!done && done.error().kind == Kind::Busy) return look_in(id, busy_pause);
  if (!done) {
    // An organisation that was deleted has no events any more.
    if (done.error().kind != Kind::NotFound)
      log::error("a subscription ends: " + std::move(done).error().describe());
    all_.erase(id);
    return;
  }
  one->source = std::move(piece.rest);
  one->more = piece.more;
  one->lines = std::move(piece.lines);
  one->written = 0;
  if (!one->more && one->at_end == AtEnd::Close) one->lines += one->source->end_line();
  flush(id);
}

void Subscribers::flush(Id id) {
  Subscriber* one = find(id);
  if (one == nullptr) return;
  while (one->written < one->lines.size()) {
    const ssize_t count = ::write(one->pipe.native_handle(), one->lines.data() + one->written,
                                  one->lines.size() - one->written);
    if (count >= 0) {
      one->written += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      all_.erase(id); // EPIPE: the reader has gone
      return;
    }
    one->pipe.async_wait(asio::posix::stream_descriptor::wait_write,
                         [weak = std::weak_ptr(self_), id](const asio::error_code& error) {
                           auto self = weak.lock();
                           if (self && !error) (*self)->flush(id);
                         });
    return;
  }
  go_on(id);
}

void Subscribers::go_on(Id id) {
  Subscriber* one = find(id);
  std::string().swap(one->lines); // not its capacity either
  if (one->more) return look(id);
  if (one->at_end == AtEnd::Close) {
    all_.erase(id);
    return;
  }
  one->busy = false;
  if (one->woken) look_in(id, pause());
}

} // namespace alk::stored
