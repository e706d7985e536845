// org.alknet.Listen1 on the bus: decodes, calls a noun, encodes.
#pragma once

#include "bus/object.hpp"
#include "clients/auth_client.hpp"
#include "engine.hpp"
#include "reload.hpp"

#include <memory>

namespace alk::listend {

class ListenBus {
 public:
  static constexpr const char* bus_name = "org.alknet.Listen1";
  static constexpr const char* path = "/org/alknet/Listen1";
  static constexpr const char* interface_name = "org.alknet.Listen1";

  ListenBus(asio::io_context& main, Engine& engine, Reload& reload, clients::AuthClient& auth);
  Result<void> attach(bus::Connection& connection);
  void detach();

  // The interface as a table; nullptr makes handlers that never run (--bus-introspect).
  static bus::Interface interface(ListenBus* self);

  void session_opened(const LiveSession& session) { announce("SessionOpened", session); }
  void session_closed(const LiveSession& session) { announce("SessionClosed", session); }
  void warnings(std::vector<std::string> warnings) { warnings_ = std::move(warnings); }

 private:
  Result<void> list_sessions(bus::Call& call);
  Result<void> disconnect(bus::Call& call);
  Result<void> get_policy(bus::Call& call);
  Result<void> get_limits(bus::Call& call);
  Task<> explain(bus::Call call);
  Task<> do_reload(bus::Call call);
  Task<Result<void>> answer_explain(bus::Call& call);
  static std::vector<bus::Property> properties(ListenBus* self);
  void announce(const char* signal, const LiveSession& session);

  Engine& engine_;
  Reload& reload_;
  clients::AuthClient& auth_;
  std::uint64_t started_at_;
  std::vector<std::string> warnings_;
  loop::TaskGroup tasks_;
  std::unique_ptr<bus::Object> object_;
};

} // namespace alk::listend
