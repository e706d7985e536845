// Which bus to talk to, and calls without an event loop.
#pragma once

#include "base/result.hpp"
#include "bus/message.hpp"

#include <chrono>
#include <memory>

struct sd_bus;

namespace alk::bus {

// A call that has no deadline of its own gives up after this long.
inline constexpr std::chrono::milliseconds default_timeout{5000};
// Connecting and authenticating to a bus that accepts but does not answer.
inline constexpr std::chrono::milliseconds connect_timeout{10000};

// The address in force: `explicit_address` if given, else $ALKNET_BUS_ADDRESS (set by `alknet serve`), else
// $DBUS_SYSTEM_BUS_ADDRESS, else empty = the system bus.
std::string choose_address(std::string_view explicit_address);

// The same address without "guid=": a bus daemon that is started anew has another one.
std::string any_incarnation(std::string_view address);

enum class AutoStart { Yes, No }; // whether a call may start the service that it is for

struct Destination {
  const char* name; // bus name, or nullptr on a connection without a bus daemon
  const char* path;
  const char* interface;
};

struct BusUnref {
  void operator()(::sd_bus* bus) const noexcept;
};
using BusHandle = std::unique_ptr<::sd_bus, BusUnref>;

// Connected and authenticated; blocks for `timeout` at most. Gone when there is no bus.
Result<BusHandle> open_bus(const std::string& address, std::chrono::milliseconds timeout = connect_timeout);

// A method call to be filled and sent.
Message make_call(::sd_bus* bus, const Destination& to, const char* member, AutoStart start = AutoStart::Yes);

// For command-line tools: one call at a time, the thread waits.
class BlockingConnection {
 public:
  static Result<BlockingConnection> open(std::string_view explicit_address = {});
  explicit BlockingConnection(BusHandle bus) : bus_(std::move(bus)) {}

  Message make_call(const Destination& to, const char* member, AutoStart start = AutoStart::No) {
    return bus::make_call(bus_.get(), to, member, start);
  }
  // The error that the peer sent, through error_from_bus(); Gone after `timeout`.
  Result<Message> call(Message call, std::chrono::milliseconds timeout = default_timeout);

 private:
  BusHandle bus_;
};

} // namespace alk::bus
