// One SSH connection over one byte stream, either role. It owns the stream, the libssh session and the
// spliced channels, and belongs to one event loop for life.
//
// pump() is the only entry into libssh: many of its calls read the socket and dispatch packets re-entrantly,
// so every other entry point marks work and calls pump(). One turn: take input, let libssh work, step() the
// role, move channel data, free closed channels, flush output.
#pragma once

#include "base/tally.hpp"
#include "net/stream.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct ssh_session_struct;
struct ssh_event_struct;
struct ssh_channel_struct;

namespace alk::ssh {

class Channel;
class Window;

// What the peer said on a channel before it was spliced.
struct PeerEnd {
  bool eof = false;   // SSH_MSG_CHANNEL_EOF
  bool close = false; // SSH_MSG_CHANNEL_CLOSE
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Does what can be done now; safe to call at any time on the connection's loop.
  void pump();

  // Sends SSH_MSG_DISCONNECT (reason 11, by application) with `text`, flushes what the stream takes at once,
  // and ends.
  void disconnect(const std::string& text);

  // Ends without a word. Streams are closed at once; ended() is called from the loop.
  void abort();

  bool alive() const { return alive_; }
  // libssh gave up over what the peer sent. Leaving, a goodbye and having no algorithm in common are no such
  // thing.
  bool broke_protocol() const { return broke_protocol_; }
  // Everything that was read from the stream; a keepalive that sees it move knows that the peer lives.
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::size_t channel_count() const { return channels_.size(); }
  // The same for other threads to look at.
  std::shared_ptr<std::atomic<std::uint32_t>> channel_gauge() const { return gauge_; }
  // What the channels have carried, likewise.
  std::shared_ptr<const Traffic> traffic() const { return traffic_; }
  asio::io_context& loop() { return loop_; }

  // Asks the peer for a sign of life (keepalive@openssh.com); any byte that comes back is one.
  void send_keepalive();

 protected:
  Connection(asio::io_context& loop, std::unique_ptr<net::Stream> stream, ssh_session_struct* session);

  // Advances the role's own state inside a turn, after libssh took the input. True when it did something.
  virtual bool step() = 0;
  // The connection is over; called once, from the loop, never from inside pump().
  virtual void ended() = 0;
  // While true no input is taken (an answer is awaited and the peer must not pile up requests).
  virtual bool holds_input() const { return false; }
  // libssh's log level for this turn, and the lines (see ssh_set_log_callback).
  virtual int log_level() const { return 0; }
  virtual void log_line(int /*level*/, const char* /*text*/) {}

  ssh_session_struct* session() { return session_; }
  // See MemoryTransport::alias.
  void use_alias(int descriptor) { alias_ = descriptor; }
  // Bytes that were read before the connection existed; before the first pump().
  void prepend_input(std::string bytes) { early_input_ = std::move(bytes); }
  // Moves data between an open libssh channel (taken over) and a stream until both are done.
  void splice(ssh_channel_struct* channel, std::unique_ptr<net::Stream> stream, PeerEnd heard = {});
  // The session cannot go on; takes effect at the end of the turn.
  void fail();

 private:
  friend class Channel;
  void turn(Window& window, bool& more);
  bool take_input(Window& window, bool& more);
  void run_libssh(Window& window);
  void work_channels();
  void flush(Window& window);
  void arm();
  void say_farewell();
  void finish();
  bool has_output_room();
  void mark_ready(std::uint32_t channel) { ready_.push_back(channel); }
  void mark_stalled(std::uint32_t channel) { stalled_.push_back(channel); }
  void channel_may_move(std::uint32_t channel, net::Direction direction);

  asio::io_context& loop_;
  std::unique_ptr<net::Stream> stream_;
  ssh_session_struct* session_;
  ssh_event_struct* event_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Channel>> channels_; // destroyed before the session
  std::shared_ptr<std::atomic<std::uint32_t>> gauge_ = std::make_shared<std::atomic<std::uint32_t>>(0);
  std::shared_ptr<Traffic> traffic_ = std::make_shared<Traffic>();
  std::vector<std::uint32_t> ready_;   // can make progress now
  std::vector<std::uint32_t> stalled_; // wait for window or output room: looked at after every turn
  std::uint32_t next_channel_ = 1;
  std::string early_input_;
  std::string farewell_;
  std::string backlog_; // output that the stream did not take yet
  std::uint64_t bytes_received_ = 0;
  int alias_ = -1;
  bool attached_ = false; // the session's poll handle belongs to event_
  bool alive_ = true;
  bool pumping_ = false;
  bool again_ = false;
  bool failed_ = false;
  bool broke_protocol_ = false;
  bool waits_for_room_ = false; // a channel held back because of the output that was pending
  bool read_armed_ = false;
  bool write_armed_ = false;
};

} // namespace alk::ssh
