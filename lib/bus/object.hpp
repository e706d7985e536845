// An interface of ours on the bus, as a table written by hand next to its handlers.
//
// A call is checked in this order: the table's signature (sd-bus), the policy (caller.hpp), the handler's own
// reading. Handlers run inside the bus' dispatch: they may answer at once, call out or spawn; they must not
// destroy the Connection.
#pragma once

#include "bus/caller.hpp"
#include "bus/connection.hpp"

#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

namespace alk::bus {

// One method call in progress. Move it to where the answer will be known; dropped unanswered, the caller gets
// Internal.
class Call {
 public:
  Call(std::weak_ptr<Connection::Impl> connection, Message in, std::uint32_t uid);
  Call(Call&& other) noexcept;
  Call& operator=(Call&&) = delete;
  ~Call();

  Message in;
  Message out; // the answer to be filled
  std::uint32_t sender_uid() const { return uid_; }

  // Sends `out`, or the error as error_map.hpp says. Broken errors are logged here, once.
  void finish(Result<void> result);

 private:
  std::weak_ptr<Connection::Impl> connection_;
  std::uint32_t uid_;
  bool open_ = true;
};

struct Argument {
  const char* type; // one complete D-Bus type
  const char* name;
};

struct Method {
  using Answer = std::function<Result<void>(Call&)>; // fills out, or gives the error
  using Defer = std::function<void(Call)>;           // keeps the call and finishes it later
  const char* name;
  std::vector<Argument> in;
  std::vector<Argument> out;
  std::variant<Answer, Defer> handler;
};

enum class Emits {
  Change,
  Never,
  Constant
}; // org.freedesktop.DBus.Property.EmitsChangedSignal true, false, const

struct Property {
  const char* name;
  const char* type;
  Emits emits;
  std::function<void(Message& out)> get; // writes one value of `type`
};

struct Signal {
  const char* name;
  std::vector<Argument> arguments;
};

struct Interface {
  const char* name;
  std::vector<Method> methods;
  std::vector<Property> properties;
  std::vector<Signal> signals;
  Policy policy; // must outlive the object: a constexpr array
};

// What --bus-introspect prints: the <interface> element, one tag a line, in table order.
std::string introspection_xml(const Interface& interface);

class Object {
 public:
  // Exports the interface at `path` for as long as the object lives.
  static Result<std::unique_ptr<Object>> make(Connection& connection, const char* path, Interface interface,
                                              Accounts accounts = Accounts::of_this_machine());
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  Message make_signal(const char* name);
  Result<void> emit(Message signal);
  // Announces new values of properties that are marked Emits::Change.
  Result<void> changed(std::initializer_list<const char*> properties);

  struct Impl;
  explicit Object(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

} // namespace alk::bus
