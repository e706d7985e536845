#include "ssh/connection.hpp"

#include "loop/asio.hpp"
#include "net/linger.hpp"
#include "ssh/channel.hpp"
#include "ssh/handles.hpp"
#include "ssh/memory_transport.hpp"

#include <algorithm>

namespace alk::ssh {

namespace {
// Above this, streams are not read for their channels.
constexpr std::size_t output_room = 512 * 1024;
// Above this, no input is taken either: a peer that sends requests and never reads the answers stops here.
constexpr std::size_t backlog_ceiling = 2 * 1024 * 1024;
// Turns in one pump before other connections of the loop have theirs.
constexpr int fair_turns = 8;

constexpr int farewell_polls = 8;

// How long a peer may take to read our farewell.
constexpr std::chrono::milliseconds farewell_linger{2000};

thread_local Connection* logging_connection = nullptr;
} // namespace

Connection::Connection(asio::io_context& loop, std::unique_ptr<net::Stream> stream,
                       ssh_session_struct* session)
    : loop_(loop), stream_(std::move(stream)), session_(session), event_(ssh_event_new()) {
  ALK_CHECK(event_ != nullptr);
  ssh_set_blocking(session_, 0);
}

Connection::~Connection() {
  channels_.clear();
  ssh_event_free(event_);
  ssh_free(session_);
}

// Outside a turn there is no input that could be to blame.
void Connection::fail() {
  failed_ = true;
  const MemoryTransport* transport = current_transport();
  if (transport == nullptr || transport->input_ended) return;
  const std::string_view reason = ssh_get_error(session_);
  broke_protocol_ |=
      !reason.starts_with("Received SSH_MSG_DISCONNECT") && !reason.starts_with("kex error : no match");
}

bool Connection::has_output_room() {
  const MemoryTransport* transport = current_transport();
  bool room = backlog_.size() + (transport != nullptr ? transport->output.size() : 0) < output_room;
  if (!room) waits_for_room_ = true;
  return room;
}

void Connection::pump() {
  again_ = true;
  if (pumping_ || !alive_) return;
  auto self = shared_from_this();
  pumping_ = true;
  bool more = false;
  for (int turns = 0; !failed_ && farewell_.empty() && (more || again_) && turns < fair_turns; ++turns) {
    again_ = false;
    more = false;
    Window window(alias_);
    turn(window, more);
  }
  pumping_ = false;
  if (failed_) return finish();
  if (!farewell_.empty()) return say_farewell();
  if (alive_ && (more || again_)) asio::post(loop_, [self] { self->pump(); });
  if (alive_) arm();
}

void Connection::turn(Window& window, bool& more) {
  waits_for_room_ = false;
  logging_connection = this;
  ssh_set_log_level(log_level());
  ssh_set_log_callback([](int level, const char*, const char* text, void*) noexcept {
    if (logging_connection != nullptr) logging_connection->log_line(level, text);
  });
  if (take_input(window, more)) {
    run_libssh(window);
    work_channels();
    if (!ready_.empty()) more = true;
  }
  logging_connection = nullptr;
  flush(window);
  // When the stream took it all there will be no write event to bring the waiting channels back.
  if (waits_for_room_ && backlog_.size() < output_room) more = true;
}

// False when the stream is dead.
bool Connection::take_input(Window& window, bool& more) {
  MemoryTransport& transport = window.transport();
  if (!early_input_.empty()) {
    auto scratch = input_scratch();
    std::size_t count = std::min(early_input_.size(), scratch.size());
    std::copy_n(std::as_bytes(std::span(early_input_)).begin(), count, scratch.begin());
    early_input_.erase(0, count);
    transport.input = scratch.first(count);
    more = true;
    return true;
  }
  if (read_armed_ || holds_input() || backlog_.size() > backlog_ceiling) return true;
  net::Transfer moved = stream_->read(input_scratch());
  switch (moved.state) {
  case net::Transfer::State::Done:
    bytes_received_ += moved.count;
    transport.input = input_scratch().first(moved.count);
    more = !moved.drained;
    return true;
  case net::Transfer::State::Again: return true;
  case net::Transfer::State::End: transport.input_ended = true; return true;
  case net::Transfer::State::Failed: failed_ = true; return false;
  }
  return true;
}

void Connection::run_libssh(Window& window) {
  if (window.transport().input_ended) failed_ = true;
  for (;;) {
    // The first step makes libssh create the poll handle that the event then takes over.
    bool worked = !attached_ && step();
    if (!attached_) attached_ = ssh_event_add_session(event_, session_) == SSH_OK;
    int polled = ssh_event_dopoll(event_, 0);
    worked |= step();
    if (failed_ && !window.transport().input_ended) return;
    if (polled == SSH_ERROR || window.transport().overflowed) return fail();
    if (polled != SSH_OK && !worked) return;
  }
}

void Connection::work_channels() {
  // Channels that could not go on may now: the input may have held a window, and the last flush made room.
  std::vector<std::uint32_t> work = std::exchange(stalled_, {});
  work.insert(work.end(), ready_.begin(), ready_.end());
  ready_.clear();
  for (std::uint32_t id : work) {
    auto found = channels_.find(id);
    if (found == channels_.end()) continue;
    found->second->work();
    if (found->second->finished()) channels_.erase(found);
  }
  gauge_->store(static_cast<std::uint32_t>(channels_.size()));
}

void Connection::flush(Window& window) {
  std::string& fresh = window.transport().output;
  std::string& output = backlog_.empty() ? fresh : backlog_;
  if (&output == &backlog_) backlog_ += fresh;
  std::size_t done = 0;
  while (done < output.size()) {
    net::Transfer moved = stream_->write(std::as_bytes(std::span(output).subspan(done)));
    if (moved.state == net::Transfer::State::Again) break;
    if (moved.state != net::Transfer::State::Done) {
      failed_ = true;
      return;
    }
    done += moved.count;
  }
  if (&output == &fresh)
    backlog_.assign(fresh, done);
  else
    backlog_.erase(0, done);
  if (backlog_.empty() && backlog_.capacity() > 1024) backlog_ = std::string();
}

void Connection::arm() {
  if (!read_armed_ && !holds_input() && backlog_.size() <= backlog_ceiling) {
    read_armed_ = true;
    stream_->wait(net::Direction::Read, [self = shared_from_this()](std::error_code error) {
      self->read_armed_ = false;
      if (!error) self->pump();
    });
  }
  if (!write_armed_ && !backlog_.empty()) {
    write_armed_ = true;
    stream_->wait(net::Direction::Write, [self = shared_from_this()](std::error_code error) {
      self->write_armed_ = false;
      if (!error) self->pump();
    });
  }
}

void Connection::splice(ssh_channel_struct* channel, std::unique_ptr<net::Stream> stream, PeerEnd heard) {
  std::uint32_t id = next_channel_++;
  auto& spliced = channels_[id];
  spliced = std::make_unique<Channel>(*this, id, channel, std::move(stream));
  spliced->start(heard);
  gauge_->store(static_cast<std::uint32_t>(channels_.size()));
}

void Connection::channel_may_move(std::uint32_t channel, net::Direction direction) {
  auto found = channels_.find(channel);
  if (found == channels_.end()) return;
  found->second->ready(direction);
  pump();
}

void Connection::send_keepalive() {
  if (!alive_ || pumping_) return;
  Window window(alias_);
  // An unanswered request stays pending inside libssh. One that was answered is collected by the first call,
  // which then sends nothing: the second one does.
  ssh_send_keepalive(session_);
  ssh_send_keepalive(session_);
  flush(window);
  if (failed_) return finish();
  arm();
}

void Connection::disconnect(const std::string& text) {
  if (!alive_ || !farewell_.empty()) return;
  farewell_ = text;
  if (!pumping_) say_farewell();
}

void Connection::say_farewell() {
  Window window(alias_);
  channels_.clear(); // ssh_disconnect frees libssh's channels, so ours must be gone
  // Closing channels was a write; until a poll has said "writable" again, libssh would buffer the last
  // message and lose it with the socket.
  for (int i = 0; i < farewell_polls && attached_ && ssh_event_dopoll(event_, 0) == SSH_OK; ++i) {
  }
  ssh_session_set_disconnect_message(session_, farewell_.c_str());
  ssh_disconnect(session_);
  flush(window);
  finish();
}

void Connection::abort() {
  if (alive_) finish();
}

void Connection::finish() {
  alive_ = false;
  if (farewell_.empty() || failed_)
    stream_->close();
  else
    net::close_lingering(loop_, std::move(stream_), farewell_linger);
  asio::post(loop_, [self = shared_from_this()] {
    self->channels_.clear();
    self->ended();
  });
}

} // namespace alk::ssh
