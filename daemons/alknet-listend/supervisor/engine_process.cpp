#include "supervisor/engine_process.hpp"

#include "auth_link.hpp"
#include "control/engine_server.hpp"
#include "daemon/confine.hpp"
#include "daemon/options.hpp"
#include "log/log.hpp"
#include "loop/signals.hpp"
#include "secret_link.hpp"
#include "ssh/memory_transport.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alk::listend {

namespace {

// Without what the service manager means for the supervisor alone.
std::vector<char*> engine_environment() {
  constexpr std::string_view dropped[] = {"NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "MAINPID="};
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (std::ranges::none_of(dropped, [variable](std::string_view name) {
          return std::string_view(*variable).starts_with(name);
        }))
      kept.push_back(*variable);
  kept.push_back(nullptr);
  return kept;
}

// posix_spawn with what a service expects at its start: default signals, nothing blocked.
class Attributes {
 public:
  Attributes() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::sigset_t signals;
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~Attributes() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ::posix_spawn_file_actions_t actions;
  ::posix_spawnattr_t attributes;
};

// Every session costs a descriptor and so does every channel: take what the service manager allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Owns everything of an engine's process; members in order of acquisition.
class EngineProcess {
 public:
  explicit EngineProcess(std::unique_ptr<bus::Connection> bus, asio::io_context& loop)
      : bus_(std::move(bus)), auth_(*bus_), link_(loop, auth_), secrets_(loop, *bus_), tasks_(loop),
        server_(
            loop, Fd(engine_control_descriptor), link_, secrets_,
            [this](std::string id, std::function<void(Result<LoginVerdict>)> answer) {
              tasks_.spawn("lookup", look_up(std::move(id), std::move(answer)));
            },
            [this, &loop] {
              link_.stop();
              secrets_.stop();
              tasks_.cancel();
              loop.stop();
            },
            EngineServer::Pace{}),
        signals_(loop, [this](int) { server_.stop(orphan_grace); }) {
    bus_->come_back_when_lost([this] { secrets_.bus_is_back(); }); // the supervisor says so in the log
    watch_authority();
    server_.open();
  }

 private:
  // A key may go while we are not told: authd restarted with other files, or a signal lost with it.
  void watch_authority() {
    auth_.on_changed([this](std::uint64_t, const std::vector<std::string>& revoked) {
      server_.engine().identities_changed();
      server_.engine().end_revoked(revoked);
      server_.recheck(); // the signal names keys; whose certificates went, authd finds out when asked
    });
    auth_.on_available([this](bool available) {
      server_.engine().identities_changed();
      if (available) server_.recheck();
    });
  }

  Task<> look_up(std::string id, std::function<void(Result<LoginVerdict>)> answer) {
    auto login = co_await auth_.lookup_credential(std::move(id));
    if (!login)
      answer(pass(std::move(login).error()));
    else if (!login->accepted)
      answer(fail(login->reason == accounts_unavailable ? Kind::Gone : Kind::NotFound,
                  "nobody would be let in so: " + login->reason));
    else
      answer(LoginVerdict{login->accepted, {}, std::move(login->identity), std::move(login->constraints)});
  }

  std::unique_ptr<bus::Connection> bus_;
  clients::AuthClient auth_;
  AuthLink link_;
  SecretLink secrets_;
  loop::TaskGroup tasks_;
  EngineServer server_;
  loop::StopSignals signals_;
};

Result<void> serve_control_socket(const daemon::Options& options) {
  ALK_TRY_VOID(daemon::confine_process());
  ALK_TRY_VOID(ssh::check_interposition());
  raise_descriptor_limit();
  asio::io_context loop{1};
  ALK_TRY(auto bus, bus::Connection::open(loop, options.bus_address));
  EngineProcess engine(std::move(bus), loop);
  loop.run();
  return {};
}

int run_checked(int argc, char** argv) {
  auto options = daemon::parse_options(std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
  if (!options) {
    std::fprintf(stderr, "alknet-listend: %s\n", options.error().what.c_str());
    return 2;
  }
  log::open("alknet-listend");
  ::prctl(PR_SET_NAME, "alknet-engine", 0, 0, 0);
  if (auto served = serve_control_socket(*options); !served) {
    log::error(served.error().describe());
    return 1;
  }
  return 0;
}

} // namespace

Result<::pid_t> spawn_engine(int control, const std::string& bus_address) {
  Attributes with;
  ::posix_spawn_file_actions_adddup2(&with.actions, control, engine_control_descriptor);
  std::string texts[] = {"alknet-listend", engine_option, "--bus-address=" + bus_address};
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  if (bus_address.empty()) arguments.pop_back();
  arguments.push_back(nullptr);
  std::vector<char*> environment = engine_environment();
  ::pid_t pid = -1;
  int error = ::posix_spawn(&pid, "/proc/self/exe", &with.actions, &with.attributes, arguments.data(),
                            environment.data());
  if (error != 0) return fail_errno(error, "starting an engine");
  return pid;
}

EngineReaper::EngineReaper(asio::io_context& loop) : deaths_(loop, SIGCHLD) {
  wait();
}

void EngineReaper::wait() {
  deaths_.async_wait([this](std::error_code error, int) {
    if (error) return;
    int status = 0;
    for (::pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (WIFSIGNALED(status))
        log::warning("the engine with process id " + std::to_string(pid) + " was ended by signal " +
                     std::to_string(WTERMSIG(status)));
    }
    wait();
  });
}

int run_engine(int argc, char** argv) {
  try {
    return run_checked(argc, argv);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "alknet-listend: %s\n", exception.what());
  } catch (...) {
    std::fprintf(stderr, "alknet-listend: ended by an exception\n");
  }
  return 1;
}

} // namespace alk::listend
