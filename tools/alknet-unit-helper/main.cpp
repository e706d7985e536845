// alknet-unit-helper: what alknet-listend.service needs root for. systemd runs it, with the name of the unit;
// whatever goes wrong stands in the unit's status and journal.
#include "base/version.hpp"
#include "clients/listen_client.hpp"
#include "clients/service_manager.hpp"

#include <cstdio>
#include <exception>
#include <string_view>

namespace alk::unit_helper {

namespace {

constexpr const char* usage = "usage: alknet-unit-helper reload UNIT";

// The credentials of a running service stay what they were at its start: their files are opened again here,
// and handed over with the reload.
Result<void> reload(bus::BlockingConnection& connection, const std::string& unit) {
  ALK_TRY(auto files, clients::ServiceManager(connection).credentials(unit));
  ALK_TRY(auto credentials, clients::open_credentials(files));
  ALK_TRY(auto reloaded, clients::ListenClient(connection).reload_with_keys(credentials));
  return {};
}

int report(const Error& error) {
  std::fprintf(stderr, "reload failed: %s\n", error.what.c_str());
  return 1;
}

int run(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--version")
    return std::printf("alknet-unit-helper %s\n", std::string(version()).c_str()) < 0 ? 1 : 0;
  if (verb == "--help") return std::puts(usage) < 0 ? 1 : 0;
  if (argc != 3 || verb != "reload") {
    std::fprintf(stderr, "%s\n", usage);
    return 2;
  }
  auto connection = bus::BlockingConnection::open();
  if (!connection) return report(connection.error());
  if (auto done = reload(*connection, argv[2]); !done) return report(done.error());
  return 0;
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
