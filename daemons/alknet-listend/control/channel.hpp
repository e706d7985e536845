// A control socket (SOCK_SEQPACKET) on an event loop: whole messages with their descriptors, both ways. It
// never blocks: what the other side does not read in time is refused to the sender.
#pragma once

#include "base/fd.hpp"
#include "control/message.hpp"
#include "loop/asio.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <asio/posix/stream_descriptor.hpp>

namespace alk::listend {

// Close-on-exec, nonblocking.
struct ControlPair {
  Fd supervisor;
  Fd engine;
};
Result<ControlPair> make_control_pair();

class ControlChannel {
 public:
  using OnMessage = std::function<void(ControlMessage message, std::vector<Fd> descriptors)>;

  ControlChannel(asio::io_context& loop, Fd socket);
  ~ControlChannel();
  ControlChannel(const ControlChannel&) = delete;
  ControlChannel& operator=(const ControlChannel&) = delete;

  // Both may destroy the channel. `closed` comes once, when the other side is gone; never after close().
  void open(OnMessage message, std::function<void()> closed);
  void close();

  // Busy: no room, the other side does not read. Gone: it has ended. Broken: no memory for a large body.
  Result<void> send(const ControlMessage& message, std::span<const int> descriptors = {});

  int descriptor() { return socket_.native_handle(); }
  // Nothing more will come. Independent of the loop: for deciding whether the process behind it still lives.
  bool hung_up();

 private:
  struct Received;
  void wait();
  void receive_some();
  bool receive_one(const std::weak_ptr<int>& alive);
  void end();

  asio::posix::stream_descriptor socket_;
  OnMessage on_message_;
  std::function<void()> on_closed_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace alk::listend
