// alknet-unit-helper: what alknet-listend.service needs root for. systemd runs it, with the name of the unit;
// whatever goes wrong stands in the unit's status and journal.
#include "base/version.hpp"
#include "clients/listen_client.hpp"
#include "clients/service_manager.hpp"
#include "clients/unit_processes.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

#include <sys/syscall.h>
#include <unistd.h>

namespace alk::unit_helper {

namespace {

constexpr const char* usage = "usage: alknet-unit-helper reload|settle UNIT";

// The credentials of a running service stay what they were at its start: their files are opened again here,
// and handed over with the reload.
Result<void> reload(bus::BlockingConnection& connection, const std::string& unit) {
  ALK_TRY(auto files, clients::ServiceManager(connection).credentials(unit));
  ALK_TRY(auto credentials, clients::open_credentials(files));
  ALK_TRY(auto reloaded, clients::ListenClient(connection).reload_with_keys(credentials));
  return {};
}

// alknet-listend.service becomes alknet-listend-PID.scope.
std::string scope_of(const std::string& unit, const std::string& instance) {
  return unit.substr(0, unit.rfind('.')) + "-" + instance + ".scope";
}

// Sessions go on in engines whose supervisor has ended: each gets a unit of its own, so that the service
// begins empty.
Result<void> move_engines(clients::Units& units, const std::string& unit) {
  ALK_TRY(auto processes, units.processes(unit));
  for (const clients::UnitProcess& process : processes) {
    if (process.command.find(" --engine") == std::string::npos) continue;
    std::string pid = std::to_string(process.pid);
    auto moved =
        units.start_scope(scope_of(unit, pid), "alknet Tunnel Server, older engine " + pid, process.pid);
    if (!moved)
      std::fprintf(stderr, "engine %s stays in %s: %s\n", pid.c_str(), unit.c_str(),
                   moved.error().what.c_str());
  }
  return {};
}

// What a stop has left: the supervisor saw to its engines unless it died of the stop itself.
Result<void> end_leftovers(clients::Units& units, const std::string& unit) {
  ALK_TRY(auto scopes, units.matching(scope_of(unit, "*")));
  for (const std::string& scope : scopes) (void)units.stop(scope); // it may have ended meanwhile
  ALK_TRY(auto before, units.processes(unit));
  std::vector<std::pair<::pid_t, Fd>> handles;
  for (const clients::UnitProcess& process : before)
    if (process.pid != ::getpid())
      handles.emplace_back(process.pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0))));
  // Still the unit's after the handle was taken: the number belongs to nobody else.
  ALK_TRY(auto after, units.processes(unit));
  for (auto& [pid, handle] : handles) {
    auto same = [pid = pid](const clients::UnitProcess& process) { return process.pid == pid; };
    if (handle && std::any_of(after.begin(), after.end(), same))
      ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
  }
  return {};
}

Result<void> settle(bus::BlockingConnection& connection, const std::string& unit) {
  clients::Units units(connection);
  ALK_TRY(auto job, units.job_type(unit));
  if (job == "stop") return end_leftovers(units, unit);
  return move_engines(units, unit);
}

int report(std::string_view verb, const Error& error) {
  std::fprintf(stderr, "%s failed: %s\n", std::string(verb).c_str(), error.what.c_str());
  return 1;
}

int run(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--version")
    return std::printf("alknet-unit-helper %s\n", std::string(version()).c_str()) < 0 ? 1 : 0;
  if (verb == "--help") return std::puts(usage) < 0 ? 1 : 0;
  if (argc != 3 || (verb != "reload" && verb != "settle")) {
    std::fprintf(stderr, "%s\n", usage);
    return 2;
  }
  auto connection = bus::BlockingConnection::open();
  if (!connection) return report(verb, connection.error());
  auto done = verb == "reload" ? reload(*connection, argv[2]) : settle(*connection, argv[2]);
  return done ? 0 : report(verb, done.error());
}

} // namespace

} // namespace alk::unit_helper

int main(int argc, char** argv) {
  try {
    return alk::unit_helper::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
