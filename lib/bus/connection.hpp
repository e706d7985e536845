// One connection to a bus, pumped by one io_context; everything here belongs to that loop's thread. Answers
// are posted: code that waits for one never runs inside sd-bus, so it may call, send and drop slots freely.
//
// The bus daemon allows 128 unanswered calls per connection. At most max_in_flight are sent; more wait here,
// the one with the nearest deadline first, and fail with Gone when it passes.
#pragma once

#include "bus/blocking.hpp"
#include "loop/task.hpp"

#include <functional>
#include <memory>

namespace alk::bus {

inline constexpr std::size_t max_in_flight = 100;
inline constexpr std::size_t max_waiting = 4096; // calls that wait for a place; more fail with Busy

// Keeps a match, a watch or an exported interface alive; destroying it ends it, also from inside its own
// callback.
class Slot {
 public:
  struct Impl;
  Slot();
  explicit Slot(std::unique_ptr<Impl> impl);
  Slot(Slot&&) noexcept;
  Slot& operator=(Slot&&) noexcept;
  ~Slot();
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  std::unique_ptr<Impl> impl_;
};

class Connection {
 public:
  using Answer = std::function<void(Result<Message>)>;

  // Connects (blocking, see open_bus) to choose_address(explicit_address).
  static Result<std::unique_ptr<Connection>> open(asio::io_context& loop,
                                                  std::string_view explicit_address = {});
  // Over a bus that is open already; also one without a bus daemon. It cannot come back.
  Connection(asio::io_context& loop, BusHandle bus, std::string address = {});
  ~Connection(); // waiting calls end with Gone (posted); what was sent before is flushed
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Called (posted) when the connection is lost. Most daemons then end and are started anew.
  void on_disconnect(std::function<void()> callback);
  // For the one that must outlive its bus: from now on a lost connection is made anew, with every name,
  // interface, match and watch; watches say "absent" meanwhile. `callback` is called (posted) each time it is
  // back.
  void come_back_when_lost(std::function<void()> callback);
  bool connected() const;

  // Blocking round trips with the bus daemon. Conflict: the name is taken.
  Result<void> request_name(const char* name);
  Result<void> release_name(const char* name);

  Message make_call(const Destination& to, const char* member, AutoStart start = AutoStart::Yes);
  Task<Result<Message>> call(Message call, std::chrono::milliseconds timeout = default_timeout);
  void call(Message call, std::chrono::milliseconds timeout, Answer answer);

  // A message that needs no answer: signals and replies.
  Result<void> send(Message message);
  Message make_signal(const char* path, const char* interface, const char* member);

  [[nodiscard]] Slot match_signal(const Destination& from, const char* member,
                                  std::function<void(Message&)> callback);
  // Whether somebody owns the name: once soon, then at every change.
  [[nodiscard]] Slot watch_name(const char* name, std::function<void(bool present)> callback);

  // Effective user id of a message's sender, from the bus daemon (kept per unique name: those are never used
  // twice) or, without one, from the socket.
  Result<std::uint32_t> sender_uid(const Message& message);

  asio::io_context& loop();
  ::sd_bus* raw();
  bool idle() const; // no message that was read waits for its handler
  void flush();      // blocking, bounded by the bus daemon's reading

  struct Impl; // connection_impl.hpp, this room only
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

} // namespace alk::bus
