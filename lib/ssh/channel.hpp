// The two-way copy between a libssh channel and a stream, with bounded memory in both directions.
//
// To the stream: what libssh's data callback brings in a turn goes out at its end; while the stream takes
// nothing, data stays in libssh, whose window is then not refilled. When the stream drains, ALL that libssh
// holds is taken at once: reading a channel piecemeal makes libssh 0.10 grant window again and again and
// grows memory without end. To the channel: read only what the window takes, and only while the connection
// has room for output.
#pragma once

#include "net/stream.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <libssh/callbacks.h>

namespace alk::ssh {

class Connection;
struct PeerEnd;

class Channel {
 public:
  Channel(Connection& owner, std::uint32_t id, ssh_channel handle, std::unique_ptr<net::Stream> stream);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void start(PeerEnd heard);            // both directions may move
  void ready(net::Direction direction); // the stream said so
  void work();                          // inside a turn only
  bool finished() const { return finished_; }

 private:
  int take_data(const char* data, std::uint32_t size);
  void drain();
  std::size_t write(std::span<const std::byte> data);
  bool write_queue();
  void read_stream();
  bool send_pending();
  void settle();
  void close_handle();
  void wait(net::Direction direction);
  bool delivered();

  Connection& owner_;
  std::uint32_t id_;
  ssh_channel handle_;
  std::unique_ptr<net::Stream> stream_;
  ssh_channel_callbacks_struct callbacks_{};
  std::string queue_;   // taken from libssh, not yet taken by the stream
  std::string pending_; // taken from the stream, not yet taken by libssh (a rekey)
  bool stream_writable_ = true;
  bool stream_readable_ = true;
  bool stream_ended_ = false; // no more from the stream
  bool stream_failed_ = false;
  bool stream_shut_ = false; // our side towards the stream is ended
  bool peer_ended_ = false;  // SSH_MSG_CHANNEL_EOF came
  bool peer_closed_ = false; // SSH_MSG_CHANNEL_CLOSE came
  bool eof_sent_ = false;
  bool close_sent_ = false;
  bool stalled_ = false;
  bool finished_ = false;
};

} // namespace alk::ssh
