#include "manager.hpp"

#include "log/log.hpp"
#include "loop/notify.hpp"

namespace alk::listend {

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  std::unique_ptr<Manager> manager(new Manager(context));
  ALK_TRY_VOID(manager->begin(context.passed));
  return manager;
}

Manager::Manager(daemon::Context& context)
    : loop_(context.loop), connection_(context.bus), auth_(context.bus), reaper_(context.loop),
      fleet_(context.loop,
             [address = context.options.bus_address](int control) { return spawn_engine(control, address); },
             {.session_opened = [this](const NewsBody& news) { bus_.session_opened(news); },
              .session_closed = [this](const NewsBody& news) { bus_.session_closed(news); },
              .kept = [this](Generation& generation) { store_.keep(generation); },
              .gone = [this](Generation& generation) { note_gone(generation); },
              .measured = [this](Generation& generation,
                                 const ReadingsBody& body) { book_.note(generation.number(), body); }}),
      reload_(context.loop, context.options.config, auth_, fleet_),
      bus_(context.loop, fleet_, reload_, auth_, book_), tasks_(context.loop) {}

Result<void> Manager::begin(std::vector<loop::PassedDescriptor>& passed) {
  ALK_TRY_VOID(reload_.begin(passed));
  ALK_TRY_VOID(settle());
  adopt(std::move(passed));
  if (auto launched = launch(); !launched) {
    reload_.forget(); // the next try may find better on the disk
    return launched;
  }
  reload_.started();
  log_listeners();
  ALK_TRY_VOID(bus_.attach(connection_));
  tasks_.spawn("compare", reload_.compare());
  auth_.on_available([this](bool available) {
    if (available) tasks_.spawn("compare", reload_.compare());
  });
  return {};
}

// What an earlier supervisor left with the service manager stands among the listening sockets.
void Manager::adopt(std::vector<loop::PassedDescriptor> passed) {
  for (StoredEngine& engine : store_.take(passed))
    fleet_.adopt(engine.number, engine.pid, std::move(engine.control));
  fleet_.number_from(store_.last_number() + 1);
  book_.restore(store_.last_sums());
  fleet_.set_sockets(std::move(passed));
}

// Nothing else happens on the loop yet but signals, and one of those ends it.
Result<void> Manager::settle() {
  if (!reload_.unsettled()) return {};
  tasks_.spawn("settle", reload_.settle());
  while (tasks_.size() > 0)
    if (loop_.run_one() == 0) return fail(Kind::Gone, "told to stop while starting");
  return {};
}

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

void Manager::note_gone(Generation& generation) {
  store_.forget(generation);
  book_.ended(generation.number());
  store_.keep_sums(book_.save());
}

std::string Manager::status() const {
  std::string text = "generation " + std::to_string(fleet_.serving()) + " serving";
  if (fleet_.size() > 1) text += ", " + std::to_string(fleet_.size() - 1) + " draining";
  return text;
}

// Only a service manager that keeps our descriptors can start a successor that finds the engines.
void Manager::stop(std::function<void()> stopped) {
  if (!loop::descriptors_are_kept()) return stop_engines(std::move(stopped));
  tasks_.spawn("stop", leave_or_stop(std::move(stopped)));
}

Task<> Manager::leave_or_stop(std::function<void()> stopped) {
  JobType job = co_await ask_job_type(connection_);
  if (job == JobType::Stop) {
    stop_engines(std::move(stopped));
    co_return;
  }
  log::info("the engines go on; the next supervisor takes them over");
  fleet_.leave();
  bus_.detach();
  stopped();
}

void Manager::stop_engines(std::function<void()> stopped) {
  fleet_.stop([this, stopped = std::move(stopped)] {
    bus_.detach();
    stopped();
  });
}

} // namespace alk::listend
