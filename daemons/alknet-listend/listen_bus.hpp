// org.alknet.Listen1 on the bus: decodes, asks the engines, encodes.
#pragma once

#include "bus/object.hpp"
#include "clients/auth_client.hpp"
#include "loop/task_group.hpp"
#include "reload.hpp"
#include "supervisor/metric_book.hpp"

#include <memory>

namespace alk::listend {

class ListenBus {
 public:
  static constexpr const char* bus_name = "org.alknet.Listen1";
  static constexpr const char* path = "/org/alknet/Listen1";
  static constexpr const char* interface_name = "org.alknet.Listen1";

  ListenBus(asio::io_context& main, Fleet& fleet, Reload& reload, clients::AuthClient& auth,
            MetricBook& book);
  Result<void> attach(bus::Connection& connection);
  void detach();

  // The interface as a table; nullptr makes handlers that never run (--bus-introspect).
  static bus::Interface interface(ListenBus* self);

  void session_opened(const NewsBody& session) { announce("SessionOpened", session); }
  void session_closed(const NewsBody& session) { announce("SessionClosed", session); }

 private:
  Task<> list_sessions(bus::Call call);
  Task<> disconnect(bus::Call call);
  Result<void> get_policy(bus::Call& call);
  Result<void> get_limits(bus::Call& call);
  Task<> get_metrics(bus::Call call);
  Task<> list_penalties(bus::Call call);
  Task<> clear_penalties(bus::Call call);
  Task<> explain(bus::Call call);
  Task<> do_reload(bus::Call call);
  Task<> do_reload_with_keys(bus::Call call);
  static void answer_reload(bus::Call& call, Result<ReloadReport> report);
  Task<Result<void>> answer_disconnect(bus::Call& call);
  Task<Result<void>> answer_clear(bus::Call& call);
  Task<Result<void>> answer_explain(bus::Call& call);
  Task<Result<ExplainedBody>> ask_explain(ExplainBody question);
  static std::vector<bus::Property> properties(ListenBus* self);
  void announce(const char* signal, const NewsBody& session);

  Fleet& fleet_;
  Reload& reload_;
  clients::AuthClient& auth_;
  MetricBook& book_;
  std::uint64_t started_at_;
  loop::TaskGroup tasks_;
  std::unique_ptr<bus::Object> object_;
};

} // namespace alk::listend
