#include "bus/blocking.hpp"

#include "base/text.hpp"
#include "bus/error_map.hpp"

#include <cerrno>
#include <cstdlib>

#include <systemd/sd-bus.h>

namespace alk::bus {

using Clock = std::chrono::steady_clock;

static std::uint64_t microseconds(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(std::chrono::microseconds(time).count());
}

std::string choose_address(std::string_view explicit_address) {
  if (!explicit_address.empty()) return std::string(explicit_address);
  for (const char* variable : {"ALKNET_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"})
    if (const char* value = std::getenv(variable); value && *value) return value;
  return {};
}

std::string any_incarnation(std::string_view address) {
  std::string result;
  for (std::string_view alternative : split(address, ';')) {
    if (!result.empty()) result += ';';
    auto colon = alternative.find(':') + 1; // 0 when there is none
    result += alternative.substr(0, colon);
    bool first = true;
    for (std::string_view pair : split(alternative.substr(colon), ',')) {
      if (pair.starts_with("guid=")) continue;
      if (!std::exchange(first, false)) result += ',';
      result += pair;
    }
  }
  return result;
}

void BusUnref::operator()(::sd_bus* bus) const noexcept {
  // Flushing first waits for the authentication to end; when it has not, there is nothing worth waiting for.
  if (::sd_bus_is_ready(bus) > 0) ::sd_bus_flush(bus);
  ::sd_bus_close_unref(bus);
}

static Failure not_connected(int code, const std::string& address) {
  auto failure = fail_errno(-code, "connecting to the bus " + (address.empty() ? "of the system" : address));
  failure.value().kind = Kind::Gone;
  return failure;
}

static int start(BusHandle& bus, const std::string& address) {
  ::sd_bus* raw = nullptr;
  if (address.empty()) {
    int code = ::sd_bus_open_system(&raw);
    bus.reset(raw);
    return code;
  }
  if (int code = ::sd_bus_new(&raw); code < 0) return code;
  bus.reset(raw);
  if (int code = ::sd_bus_set_address(raw, address.c_str()); code < 0) return code;
  if (int code = ::sd_bus_set_bus_client(raw, 1); code < 0) return code;
  if (int code = ::sd_bus_negotiate_fds(raw, 1); code < 0) return code;
  return ::sd_bus_start(raw);
}

Result<BusHandle> open_bus(const std::string& address, std::chrono::milliseconds timeout) {
  BusHandle bus;
  if (int code = start(bus, address); code < 0) return not_connected(code, address);
  // For the round trips that sd-bus makes by itself (names, senders); its own default is 25 s.
  ::sd_bus_set_method_call_timeout(bus.get(), microseconds(default_timeout));
  auto deadline = Clock::now() + timeout;
  while (!::sd_bus_is_ready(bus.get())) {
    if (int code = ::sd_bus_process(bus.get(), nullptr); code < 0) return not_connected(code, address);
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return not_connected(-ETIMEDOUT, address);
    if (::sd_bus_is_ready(bus.get()) > 0) break;
    if (int code = ::sd_bus_wait(bus.get(), microseconds(left)); code < 0 && code != -EINTR)
      return not_connected(code, address);
  }
  return bus;
}

Message make_call(::sd_bus* bus, const Destination& to, const char* member, AutoStart start) {
  ::sd_bus_message* raw = nullptr;
  if (::sd_bus_message_new_method_call(bus, &raw, to.name, to.path, to.interface, member) < 0) return {};
  if (start == AutoStart::No) ::sd_bus_message_set_auto_start(raw, 0);
  return Message(raw);
}

Result<BlockingConnection> BlockingConnection::open(std::string_view explicit_address) {
  ALK_TRY(auto bus, open_bus(choose_address(explicit_address)));
  return BlockingConnection(std::move(bus));
}

Result<Message> BlockingConnection::call(Message call, std::chrono::milliseconds timeout) {
  ALK_TRY_VOID(call.check());
  ::sd_bus_error error{};
  ::sd_bus_message* reply = nullptr;
  int code = ::sd_bus_call(bus_.get(), call.raw(), microseconds(timeout), &error, &reply);
  if (code >= 0) return Message(reply);
  auto failure = Failure(error_from_bus(error.name ? error.name : "", error.message ? error.message : ""));
  ::sd_bus_error_free(&error);
  return failure;
}

} // namespace alk::bus
