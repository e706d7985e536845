#include "pair.hpp"

#include "loop/asio.hpp"

#include <sys/socket.h>
#include <systemd/sd-bus.h>

namespace alk::bus::test {

static BusHandle make_end(int fd, bool server) {
  ::sd_bus* bus = nullptr;
  ALK_CHECK(::sd_bus_new(&bus) >= 0);
  BusHandle handle(bus);
  ALK_CHECK(::sd_bus_set_fd(bus, fd, fd) >= 0);
  ALK_CHECK(::sd_bus_negotiate_fds(bus, 1) >= 0);
  if (server) {
    sd_id128_t id{};
    ALK_CHECK(::sd_id128_randomize(&id) >= 0);
    ALK_CHECK(::sd_bus_set_server(bus, 1, id) >= 0);
  }
  ALK_CHECK(::sd_bus_start(bus) >= 0);
  return handle;
}

Pair::Pair(asio::io_context& loop) {
  int ends[2];
  ALK_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  server = std::make_unique<Connection>(loop, make_end(ends[0], true));
  client = std::make_unique<Connection>(loop, make_end(ends[1], false));
}

bool run_until(asio::io_context& loop, const std::function<bool()>& done) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  loop.restart();
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.run_one_for(std::chrono::milliseconds(100));
    if (loop.stopped()) loop.restart();
  }
  return true;
}

} // namespace alk::bus::test
