#include "ssh/channel.hpp"

#include "loop/asio.hpp"
#include "ssh/connection.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <libssh/libssh.h>

namespace alk::ssh {

namespace {
// Read from a stream at once. Four packets of the size that OpenSSH takes.
constexpr std::size_t stream_chunk = 128 * 1024;
// Moved for one channel before the others have their turn.
constexpr std::size_t fair_share = 512 * 1024;
// libssh's window is 1.28 MB. A peer that sends past it while we read nothing ignores flow control: the
// connection ends.
constexpr std::uint32_t window_ceiling = 2 * 1024 * 1024;
// libssh hands data over packet by packet; what one turn brings goes out in one write, up to this.
constexpr std::size_t gather_size = 256 * 1024;
// Buffers kept by a thread for that, so that a turn does not ask the kernel for pages.
constexpr std::size_t kept_gather_buffers = 4;

thread_local std::vector<std::string> gather_buffers;

std::string take_gather_buffer() {
  std::string buffer;
  if (gather_buffers.empty()) {
    buffer.reserve(gather_size);
  } else {
    buffer = std::move(gather_buffers.back());
    gather_buffers.pop_back();
  }
  return buffer;
}

void give_gather_buffer(std::string buffer) {
  if (buffer.capacity() < gather_size || buffer.capacity() > 2 * gather_size) return;
  if (gather_buffers.size() < kept_gather_buffers) gather_buffers.push_back(std::move(buffer));
}

std::span<std::byte> stream_scratch() {
  thread_local std::vector<std::byte> scratch(stream_chunk);
  return scratch;
}
} // namespace

Channel::Channel(Connection& owner, std::uint32_t id, ssh_channel handle, std::unique_ptr<net::Stream> stream)
    : owner_(owner), id_(id), handle_(handle), stream_(std::move(stream)) {
  callbacks_.userdata = this;
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void* data, std::uint32_t size,
                                        int is_stderr, void* self) noexcept -> int {
    if (is_stderr != 0) return static_cast<int>(size); // meaningless on a forward: dropped
    return static_cast<Channel*>(self)->take_data(static_cast<const char*>(data), size);
  };
  callbacks_.channel_eof_function = [](ssh_session, ssh_channel, void* self) noexcept {
    auto* channel = static_cast<Channel*>(self);
    channel->peer_ended_ = true;
    channel->owner_.mark_ready(channel->id_);
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) noexcept {
    auto* channel = static_cast<Channel*>(self);
    channel->peer_closed_ = true;
    channel->peer_ended_ = true;
    channel->owner_.mark_ready(channel->id_);
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_channel_callbacks(handle_, &callbacks_);
}

Channel::~Channel() {
  ssh_remove_channel_callbacks(handle_, &callbacks_);
  ssh_channel_free(handle_);
  if (stream_) stream_->close();
}

void Channel::start(PeerEnd heard) {
  peer_ended_ = heard.eof || heard.close;
  peer_closed_ = heard.close;
  owner_.mark_ready(id_);
}

void Channel::ready(net::Direction direction) {
  (direction == net::Direction::Read ? stream_readable_ : stream_writable_) = true;
  owner_.mark_ready(id_);
}

void Channel::wait(net::Direction direction) {
  stream_->wait(direction, [weak = owner_.weak_from_this(), id = id_, direction](std::error_code error) {
    auto owner = weak.lock();
    if (!owner || error == asio::error::operation_aborted) return;
    owner->channel_may_move(id, direction);
  });
}

// Called by libssh with everything that it holds for the channel; answers how much was taken.
int Channel::take_data(const char* data, std::uint32_t size) {
  if (!stream_ || stream_failed_ || stream_shut_) return static_cast<int>(size);
  if (!stream_writable_) {
    if (size > window_ceiling) owner_.fail();
    return 0;
  }
  if (queue_.size() + size <= gather_size) {
    if (queue_.empty()) {
      queue_ = take_gather_buffer();
      owner_.mark_ready(id_); // work() sends it, at the end of this turn
    }
    queue_.append(data, size);
    return static_cast<int>(size);
  }
  std::size_t taken = 0;
  if (write_queue()) taken = write(std::as_bytes(std::span(data, size)));
  if (!stream_failed_) return static_cast<int>(taken);
  owner_.mark_ready(id_);
  return static_cast<int>(size);
}

// Until the stream takes no more; gives how much it took.
std::size_t Channel::write(std::span<const std::byte> data) {
  std::size_t done = 0;
  while (done < data.size()) {
    net::Transfer moved = stream_->write(data.subspan(done));
    if (moved.state == net::Transfer::State::Done) {
      done += moved.count;
      owner_.traffic_->up.add(moved.count);
    } else if (moved.state == net::Transfer::State::Again) {
      stream_writable_ = false;
      wait(net::Direction::Write);
      break;
    } else {
      stream_failed_ = true;
      break;
    }
  }
  return done;
}

bool Channel::write_queue() {
  queue_.erase(0, write(std::as_bytes(std::span(queue_))));
  if (queue_.empty()) give_gather_buffer(std::exchange(queue_, {}));
  return queue_.empty() && !stream_failed_;
}

// Own queue first, then all that libssh holds, until the stream is full or nothing is left. Both calls of
// libssh may handle packets, so that take_data() puts earlier data into the queue meanwhile.
void Channel::drain() {
  while (stream_ && stream_writable_ && !stream_failed_) {
    if (!queue_.empty() && !write_queue()) return;
    int held = ssh_channel_poll(handle_, 0);
    if (held > 0) {
      std::string taken(static_cast<std::size_t>(held), '\0');
      int got = ssh_channel_read_nonblocking(handle_, taken.data(), static_cast<std::uint32_t>(held), 0);
      if (got > 0) queue_.append(taken, 0, static_cast<std::size_t>(got));
    }
    if (queue_.empty()) return;
  }
}

bool Channel::send_pending() {
  if (pending_.empty()) return true;
  int sent = ssh_channel_write(handle_, pending_.data(), static_cast<std::uint32_t>(pending_.size()));
  if (sent < 0) {
    stream_failed_ = true;
    return false;
  }
  pending_.erase(0, static_cast<std::size_t>(sent));
  return pending_.empty();
}

void Channel::read_stream() {
  std::size_t moved_in_turn = 0;
  while (stream_ && stream_readable_ && !stream_ended_ && !stream_failed_ && !close_sent_ && !peer_closed_) {
    std::uint32_t window = ssh_channel_window_size(handle_);
    if (!send_pending() || window == 0 || !owner_.has_output_room()) {
      if (!stalled_) owner_.mark_stalled(id_);
      stalled_ = true;
      return;
    }
    if (moved_in_turn >= fair_share) return owner_.mark_ready(id_);
    auto scratch = stream_scratch().first(std::min<std::size_t>(window, stream_chunk));
    net::Transfer moved = stream_->read(scratch);
    if (moved.state == net::Transfer::State::Again) {
      stream_readable_ = false;
      wait(net::Direction::Read);
    } else if (moved.state == net::Transfer::State::End) {
      stream_ended_ = true;
    } else if (moved.state == net::Transfer::State::Failed) {
      stream_failed_ = true;
    } else {
      int sent = ssh_channel_write(handle_, scratch.data(), static_cast<std::uint32_t>(moved.count));
      if (sent < 0) {
        stream_failed_ = true;
      } else if (static_cast<std::size_t>(sent) < moved.count) {
        pending_.assign(reinterpret_cast<const char*>(scratch.data()) + sent,
                        moved.count - static_cast<std::size_t>(sent));
      }
      moved_in_turn += moved.count;
      owner_.traffic_->down.add(moved.count);
      if (moved.drained) {
        stream_readable_ = false;
        wait(net::Direction::Read);
      }
    }
  }
}

void Channel::work() {
  stalled_ = false;
  drain();
  read_stream();
  settle();
}

// Nothing for the stream is left, neither here nor in libssh.
bool Channel::delivered() {
  return ssh_channel_poll(handle_, 0) <= 0 && queue_.empty(); // in this order: see drain()
}

void Channel::close_handle() {
  if (!close_sent_) ssh_channel_close(handle_);
  close_sent_ = true;
  if (stream_) {
    stream_->close();
    stream_.reset();
  }
  queue_ = {};
  pending_ = {};
}

void Channel::settle() {
  if (stream_ended_ && pending_.empty() && !eof_sent_ && !close_sent_ && !peer_closed_) {
    ssh_channel_send_eof(handle_);
    eof_sent_ = true;
  }
  if (stream_failed_) close_handle();
  if (stream_ && peer_ended_ && !stream_shut_ && delivered()) {
    stream_->shutdown_write();
    stream_shut_ = true;
  }
  // The peer closed, or both directions have ended: what is due has been delivered.
  if (stream_ && stream_shut_ && (peer_closed_ || (eof_sent_ && peer_ended_))) close_handle();
  // The handle is freed once the peer has closed too; freed earlier, it would live on inside libssh,
  // uncounted.
  if (close_sent_ && peer_closed_) finished_ = true;
}

} // namespace alk::ssh
