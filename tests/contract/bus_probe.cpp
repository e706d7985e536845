// Stands in for alknet-listend on a live bus: owns its name, watches alknet-authd, says on stdout what it
// hears.
//   bus_probe ADDRESS NAME      lines: "ready UNIQUE-NAME", "authd yes|no", "changed GENERATION ID..."
#include "clients/auth_client.hpp"
#include "log/log.hpp"
#include "loop/signals.hpp"

#include <cstdio>

#include <systemd/sd-bus.h>

namespace alk {

static void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

static int probe(const char* address, const char* name) {
  asio::io_context loop;
  auto connection = bus::Connection::open(loop, address);
  auto named =
      connection ? (*connection)->request_name(name) : Result<void>(pass(std::move(connection).error()));
  if (!named) {
    say("failed " + std::string(kind_name(named.error().kind)) + " " + named.error().describe());
    return 1;
  }
  loop::StopSignals signals(loop, [&](int) { loop.stop(); });
  (*connection)->on_disconnect([&] { loop.stop(); });
  clients::AuthClient auth(**connection);
  auth.on_available([](bool present) { say(present ? "authd yes" : "authd no"); });
  auth.on_changed([](std::uint64_t generation, const std::vector<std::string>& revoked) {
    std::string line = "changed " + std::to_string(generation);
    for (const auto& id : revoked) line += " " + id;
    say(line);
  });
  const char* unique = "";
  ::sd_bus_get_unique_name((*connection)->raw(), &unique);
  say("ready " + std::string(unique));
  loop.run();
  return 0;
}

} // namespace alk

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  alk::log::open("bus_probe");
  return alk::probe(argv[1], argv[2]);
}
