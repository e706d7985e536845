#include "manager.hpp"

#include "log/log.hpp"
#include "loop/notify.hpp"
#include "ssh/memory_transport.hpp"

#include <thread>

#include <sys/resource.h>

namespace alk::listend {

namespace {
// Time for peers to read our farewell and for buffers to drain.
constexpr std::chrono::milliseconds stop_grace{2000};

// Every session costs a descriptor and so does every channel: take what the service manager allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}
} // namespace

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  auto configuration = config::load(context.options.config);
  if (!configuration) return fail(Kind::Invalid, describe(configuration.error()));
  ALK_TRY_VOID(ssh::check_interposition());
  raise_descriptor_limit();
  std::unique_ptr<Manager> manager(new Manager(context, configuration->fixed));
  ALK_TRY_VOID(manager->begin(std::move(*configuration)));
  return manager;
}

Manager::Manager(daemon::Context& context, config::Static running)
    : auth_(context.bus), link_(context.loop, auth_),
      engine_(context.loop, link_,
              {[this](const LiveSession& session) { bus_.session_opened(session); },
               [this](const LiveSession& session) { bus_.session_closed(session); }}),
      reload_(context.loop, context.options.config, running, auth_, engine_),
      bus_(context.loop, engine_, reload_, auth_), connection_(context.bus), running_(std::move(running)) {}

Result<void> Manager::begin(config::Configuration configuration) {
  config::KeySource keys;
  ALK_TRY(auto settings, make_settings(configuration, running_, keys, 1));
  ALK_TRY(auto host_key, keys.read(running_.host_key));
  ALK_TRY(auto sockets, loop::take_passed_descriptors());
  std::vector<std::string> warnings;
  for (const config::Problem& problem : configuration.warnings) warnings.push_back(problem.describe());
  bus_.warnings(std::move(warnings));
  watch_authority();
  ALK_TRY_VOID(engine_.start({
      .fixed = running_,
      .settings = std::move(settings),
      .host_key = std::move(host_key),
      .sockets = std::move(sockets),
      .loops = std::max(1U, std::thread::hardware_concurrency()),
  }));
  for (const Engine::ListenerState& listener : engine_.listeners())
    log::write(log::Level::Info, log::event::server_running,
               {{"listener", listener.settings.name},
                {"transport", config::transport_name(listener.settings.transport)},
                {"listen", listener.active ? listener.address : "inactive"}});
  return bus_.attach(connection_);
}

// A key may go while we are not told: authd restarted with other files, or a signal lost with it.
void Manager::watch_authority() {
  auth_.on_changed([this](std::uint64_t, const std::vector<std::string>& revoked) {
    engine_.identities_changed();
    engine_.end_revoked(revoked);
  });
  auth_.on_available([this](bool available) {
    engine_.identities_changed();
    if (available) recheck_all();
  });
}

void Manager::recheck_all() {
  link_.find_revoked(engine_.sessions().identities(), [this](Result<std::vector<std::string>> revoked) {
    if (revoked) engine_.end_revoked(*revoked);
  });
}

void Manager::stop(std::function<void()> stopped) {
  engine_.stop(stop_grace, [this, stopped = std::move(stopped)] {
    bus_.detach();
    link_.stop();
    stopped();
  });
}

} // namespace alk::listend
