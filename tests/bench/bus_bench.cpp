// What the bus call of a login costs: VerifyPublicKey of a running alknet-authd, over the bus and through the
// proxy that alknet-listend uses. Prints one line of JSON.
//
//   bus_bench ADDRESS KEYS COUNT PARALLEL
//
// KEYS: a file with a key a line, in base64; they are shown in turns.
#include "base/encoding.hpp"
#include "clients/auth_client.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using namespace alk;

namespace {

using Clock = std::chrono::steady_clock;

struct Run {
  clients::AuthClient auth;
  std::vector<std::string> keys;
  long left;
  std::vector<double> times = {}; // microseconds
};

Task<> ask(Run& run) {
  while (run.left-- > 0) {
    const auto turn = static_cast<std::size_t>(run.left) % run.keys.size();
    clients::LoginRequest request{run.keys[turn], "alknet", {"127.0.0.1", 1, "tcp"}};
    auto begin = Clock::now();
    auto login = co_await run.auth.verify_public_key(std::move(request));
    if (!login || !login->accepted) {
      std::fprintf(stderr, "refused: %s\n", login ? login->reason.c_str() : login.error().what.c_str());
      std::_Exit(1);
    }
    run.times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
}

int measure(const char* address, std::vector<std::string> keys, long count, int parallel) {
  asio::io_context loop;
  auto connection = bus::Connection::open(loop, address);
  if (!connection) {
    std::fprintf(stderr, "%s\n", connection.error().what.c_str());
    return 1;
  }
  Run run{clients::AuthClient(**connection), std::move(keys), count};
  loop::TaskGroup tasks(loop);
  auto begin = Clock::now();
  for (int i = 0; i < parallel; ++i) tasks.spawn("ask", ask(run));
  tasks.when_drained([&loop] { loop.stop(); });
  loop.run();
  double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(run.times.begin(), run.times.end());
  std::printf("{\"calls_per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
              static_cast<double>(count) / took, run.times[run.times.size() / 2],
              run.times[run.times.size() * 99 / 100]);
  return 0;
}

std::vector<std::string> read_keys(const char* path) {
  std::vector<std::string> keys;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (auto key = base64_decode(line)) keys.emplace_back(key->begin(), key->end());
  return keys;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  auto keys = read_keys(argv[2]);
  if (keys.empty()) return 2;
  return measure(argv[1], std::move(keys), std::max(1L, std::atol(argv[3])), std::max(1, std::atoi(argv[4])));
}
