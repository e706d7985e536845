// Inside of Connection, for the .cpp files of this room alone.
#pragma once

#include "bus/connection.hpp"
#include "loop/asio.hpp"

#include <list>
#include <map>
#include <optional>
#include <unordered_map>

#include <asio/posix/stream_descriptor.hpp>
#include <systemd/sd-bus.h>

namespace alk::bus {

using Clock = std::chrono::steady_clock;

struct SlotUnref {
  void operator()(::sd_bus_slot* slot) const noexcept { ::sd_bus_slot_unref(slot); }
};
using SlotHandle = std::unique_ptr<::sd_bus_slot, SlotUnref>;

// A match, a watch or an exported interface: installed on the bus, and anew when the connection was lost and
// is back. Destroying it ends it.
class Installed {
 public:
  explicit Installed(std::weak_ptr<Connection::Impl> connection);
  virtual ~Installed();
  Installed(const Installed&) = delete;
  Installed& operator=(const Installed&) = delete;

  virtual Result<void> install(Connection::Impl& connection) = 0;
  // The connection is lost.
  virtual void release_lost() { release(); }

 protected:
  void release() { slot_.reset(); }

  std::weak_ptr<Connection::Impl> connection_;
  SlotHandle slot_;
};

struct Slot::Impl : Installed {
  using Installed::Installed;
};

struct Connection::Impl : std::enable_shared_from_this<Connection::Impl> {
  Impl(asio::io_context& loop, std::string address, BusHandle bus);

  // A call that was sent.
  struct Flight {
    Impl& owner;
    Answer answer;
    std::list<std::unique_ptr<Flight>>::iterator place{};
    SlotHandle slot;
  };
  // A call that waits for a place.
  struct Waiting {
    Message message;
    Answer answer;
  };

  void attach();
  void detach(); // stops watching the descriptor and ends what waits
  void pump();
  void post_pump();
  void arm();
  void arm_timer();
  void arm_waiting();
  void lose();
  void try_again();
  Result<void> come_back();

  Result<void> sendable(const Message& message) const;
  void call(Message message, std::chrono::milliseconds timeout, Answer answer);
  void launch(Message message, Clock::time_point deadline, Answer answer);
  void refill();
  void expire();
  void fail_waiting();
  void deliver(Answer answer, Result<Message> result);
  Result<void> send(Message message);
  Result<std::uint32_t> sender_uid(const Message& message);
  static int on_reply(::sd_bus_message* reply, void* flight, ::sd_bus_error* error) noexcept;

  asio::io_context& loop;
  std::string address;
  BusHandle bus;
  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;         // sd-bus' own deadline
  asio::steady_timer waiting_timer; // the nearest deadline in `waiting`
  asio::steady_timer return_timer;
  Clock::time_point armed = Clock::time_point::max();
  bool reading = false, writing = false, posted = false;
  bool open = true;
  bool returns = false;              // whether a lost connection is made anew
  std::chrono::milliseconds pause{}; // before the next attempt
  std::function<void()> lost;
  std::function<void()> back;
  std::list<Installed*> installed;
  std::list<std::string> names; // owned, to be asked for again
  std::list<std::unique_ptr<Flight>> in_flight;
  std::multimap<Clock::time_point, Waiting> waiting; // by deadline; equal ones in order of arrival
  std::unordered_map<std::string, std::uint32_t> uids;
};

} // namespace alk::bus
