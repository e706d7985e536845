#include "manager.hpp"

#include "log/log.hpp"

namespace alk::listend {

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  std::unique_ptr<Manager> manager(new Manager(context));
  ALK_TRY_VOID(manager->begin());
  return manager;
}

Manager::Manager(daemon::Context& context)
    : loop_(context.loop), connection_(context.bus), auth_(context.bus), reaper_(context.loop),
      fleet_(context.loop,
             [address = context.options.bus_address](int control) { return spawn_engine(control, address); },
             default_drain_deadline,
             {.session_opened = [this](const NewsBody& news) { bus_.session_opened(news); },
              .session_closed = [this](const NewsBody& news) { bus_.session_closed(news); },
              .kept = [](Generation&) {},
              .gone = [](Generation&) {}}),
      reload_(context.loop, context.options.config, auth_, fleet_),
      bus_(context.loop, fleet_, reload_, auth_) {}

Result<void> Manager::begin() {
  ALK_TRY_VOID(reload_.begin());
  ALK_TRY(auto sockets, loop::take_passed_descriptors());
  fleet_.set_sockets(std::move(sockets));
  ALK_TRY_VOID(launch());
  log_listeners();
  return bus_.attach(connection_);
}

// Nothing else happens on the loop yet but signals, and one of those ends it.
Result<void> Manager::launch() {
  std::optional<Result<void>> launched;
  fleet_.launch([&launched](Result<void> result) { launched = std::move(result); });
  while (!launched)
    if (loop_.run_one() == 0) return fail(Kind::Gone, "told to stop while starting");
  return std::move(*launched);
}

void Manager::log_listeners() const {
  for (const ListenerRecord& listener : fleet_.state().listeners)
    log::write(log::Level::Info, log::event::server_running,
               {{"listener", listener.name},
                {"transport", listener.transport},
                {"listen", listener.active ? listener.address : "inactive"}});
}

void Manager::stop(std::function<void()> stopped) {
  fleet_.stop([this, stopped = std::move(stopped)] {
    bus_.detach();
    stopped();
  });
}

} // namespace alk::listend
