// The opening and the web side of a stealth listener on a port of 127.0.0.1, for comparison with a real
// nginx:
//   web_driver CERT KEY [--root DIR] [--patience SECONDS]
// Prints "ready PORT"; a guest that speaks SSH gets "ssh:" and its bytes back. Ends on SIGTERM.
#include "base/text.hpp"
#include "loop/signals.hpp"
#include "loop/task_group.hpp"
#include "net/stealth.hpp"
#include "net/tcp_stream.hpp"
#include "web_connection.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using namespace alk;
using Clock = std::chrono::steady_clock;

struct Driver {
  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::shared_ptr<const net::TlsContext> tls;
  std::shared_ptr<const listend::WebSite> site = std::make_shared<listend::WebSite>();
  std::chrono::seconds patience{60};
};

Task<> serve(Driver& driver, std::unique_ptr<net::TcpStream> socket, Clock::time_point deadline) {
  listend::WebVisit visit;
  visit.deadline = deadline;
  visit.here = {"127.0.0.1", driver.acceptor.local_endpoint().port()};
  auto opened = co_await net::open_stealth(std::move(socket), driver.tls, deadline);
  if (!opened) co_return;
  if (opened->guest == net::Guest::Ssh) {
    const std::string answer = "ssh:" + opened->read;
    opened->stream->write(std::as_bytes(std::span(answer)));
    opened->stream->announce_end();
    co_return;
  }
  visit.read = std::move(opened->read);
  visit.plain_http = opened->guest == net::Guest::PlainHttp;
  co_await listend::serve_web(std::move(opened->stream), driver.site, std::move(visit));
}

Task<> accept_all(Driver& driver) {
  for (;;) {
    auto [error, socket] = co_await driver.acceptor.async_accept(loop::as_value);
    if (error) co_return;
    auto stream = std::make_unique<net::TcpStream>(std::move(socket));
    driver.tasks.spawn("guest", serve(driver, std::move(stream), Clock::now() + driver.patience));
  }
}

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "web_driver: %s\n", result.error().describe().c_str());
  std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
  constexpr std::size_t file_limit = 1 << 20;
  if (argc < 3) return 2;
  Driver driver;
  driver.tls = must(
      net::TlsContext::server(must(read_file(argv[1], file_limit)), must(read_file(argv[2], file_limit))));
  for (int i = 3; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--root") == 0)
      driver.site = std::make_shared<listend::WebSite>(must(listend::WebRoot::open(argv[i + 1])));
    if (std::strcmp(argv[i], "--patience") == 0)
      driver.patience = std::chrono::seconds(std::atoi(argv[i + 1]));
  }
  loop::StopSignals signals(driver.context, [&](int) { driver.context.stop(); });
  driver.tasks.spawn("accept", accept_all(driver));
  std::printf("ready %u\n", driver.acceptor.local_endpoint().port());
  std::fflush(stdout);
  driver.context.run();
  return 0;
}
