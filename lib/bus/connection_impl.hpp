// Inside of Connection, for the .cpp files of this room alone.
#pragma once

#include "bus/connection.hpp"

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

// The receiver of a match or a watch. It dies with its slot; callbacks that are posted already look first.
struct Watcher : std::enable_shared_from_this<Watcher> {
  std::weak_ptr<Connection::Impl> connection;
  std::function<void(Message&)> signal;
  std::function<void(bool)> presence;
  std::optional<bool> present; // what `presence` was told last
};

struct Slot::Impl {
  std::shared_ptr<void> data; // what sd-bus' callback points to
  SlotHandle slot;            // released before the data
};

struct Connection::Impl : std::enable_shared_from_this<Connection::Impl> {
  Impl(asio::io_context& loop, BusHandle bus);

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
  BusHandle bus;
  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;         // sd-bus' own deadline
  asio::steady_timer waiting_timer; // the nearest deadline in `waiting`
  Clock::time_point armed = Clock::time_point::max();
  bool reading = false, writing = false, posted = false;
  bool open = true;
  std::function<void()> lost;
  std::list<std::unique_ptr<Flight>> in_flight;
  std::multimap<Clock::time_point, Waiting> waiting; // by deadline; equal ones in order of arrival
  std::unordered_map<std::string, std::uint32_t> uids;
};

} // namespace alk::bus
