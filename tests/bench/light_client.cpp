// The light peer of the benchmarks: a libssh client that does nothing but what is measured. It knows nothing
// of alknet and speaks the same way to every server. Prints one line of JSON.
//
//   light_client COMMAND key=FILE user=NAME port=N [host=ADDRESS] [cipher=NAME] [target=PORT] [tls=1] ...
//   transfer direction=up|down bytes=N streams=K sessions=M   all M x K streams at once, `bytes` in total
//   open count=N                 channels one after the other: time from the request to the confirmation
//   login count=N parallel=P     connect, exchange keys, log in, leave
//   hold count=N                 idle sessions, until stdin ends
//   stall mode=target|window|socket channels=N rate=N   full load that nobody takes, until stdin ends:
//        target: it reads `rate` bytes per second and channel; window: the client returns none; socket: the
//        client does not read it
#include "session.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cmath>
#include <cstdio>
#include <thread>

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace bench;

namespace {

constexpr std::size_t chunk = 128 * 1024;

struct Stream {
  explicit Stream(Session& session) : channel(session) {}
  Channel channel;
  std::uint64_t left = 0;
};

using Streams = std::vector<std::unique_ptr<Stream>>;

Streams open_streams(Session& session, unsigned count) {
  Streams streams;
  for (unsigned i = 0; i < count; ++i) {
    streams.push_back(std::make_unique<Stream>(session));
    if (!streams.back()->channel.open()) die("channel: " + session.error());
  }
  return streams;
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return NAN;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

bool stdin_ended(int milliseconds) {
  pollfd end{STDIN_FILENO, POLLIN, 0};
  return poll(&end, 1, milliseconds) > 0;
}

// --- transfer ----------------------------------------------------------------------------------------------

// Writes to every stream what it takes; true when one took something.
bool feed(const Streams& streams) {
  static const std::string payload(chunk, 'x');
  bool moved = false;
  for (const auto& stream : streams) {
    std::size_t sent = stream->channel.write(payload.data(), std::min<std::uint64_t>(chunk, stream->left));
    stream->left -= sent;
    moved |= sent > 0;
  }
  return moved;
}

void upload(Session& session, const Streams& streams, std::uint64_t bytes) {
  for (const auto& stream : streams) {
    stream->left = bytes;
    stream->channel.write_all(request('U', bytes));
  }
  // The target acknowledges with one byte when it has everything.
  while (!std::all_of(streams.begin(), streams.end(), [](auto& s) { return s->channel.received() == 1; }))
    session.work(feed(streams) ? 0 : 1000);
}

void download(Session& session, const Streams& streams, std::uint64_t bytes) {
  for (const auto& stream : streams) stream->channel.write_all(request('D', bytes));
  while (
      !std::all_of(streams.begin(), streams.end(), [&](auto& s) { return s->channel.received() == bytes; }))
    session.work(1000);
}

void transfer(const Arguments& arguments) {
  Access access(arguments);
  auto sessions = static_cast<unsigned>(arguments.number("sessions", 1));
  auto streams = static_cast<unsigned>(arguments.number("streams", 1));
  std::uint64_t each = arguments.number("bytes", 0) / sessions / streams;
  bool up = arguments.text("direction") == "up";
  Clock::time_point begin;
  std::barrier start(sessions, [&begin]() noexcept { begin = Clock::now(); });
  std::vector<double> times(sessions);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < sessions; ++i)
    threads.emplace_back([&, i] {
      Session session(access);
      Streams open = open_streams(session, streams);
      start.arrive_and_wait();
      up ? upload(session, open, each) : download(session, open, each);
      times[i] = seconds_since(begin);
    });
  for (auto& thread : threads) thread.join();
  std::printf("{\"bytes\": %llu, \"seconds\": %.6f}\n",
              static_cast<unsigned long long>(each * sessions * streams),
              *std::max_element(times.begin(), times.end()));
}

// --- channels and sessions ---------------------------------------------------------------------------------

void open_channels(const Arguments& arguments) {
  Access access(arguments);
  Session session(access);
  std::vector<double> times;
  // The first few warm caches on both sides.
  std::uint64_t warm = 20, count = arguments.number("count", 1000);
  for (std::uint64_t i = 0; i < count + warm; ++i) {
    Channel channel(session);
    auto begin = Clock::now();
    if (!channel.open()) die("channel: " + session.error());
    if (i >= warm) times.push_back(seconds_since(begin) * 1e6);
    channel.end();
  }
  std::printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n", percentile(times, 0.5),
              percentile(times, 0.99), percentile(times, 1));
}

void log_in(const Arguments& arguments) {
  Access access(arguments);
  auto count = static_cast<std::int64_t>(arguments.number("count", 100));
  unsigned parallel = static_cast<unsigned>(arguments.number("parallel", 1));
  std::atomic<std::int64_t> left = count;
  std::vector<std::vector<double>> times(parallel);
  std::vector<std::thread> threads;
  auto begin = Clock::now();
  for (unsigned i = 0; i < parallel; ++i)
    threads.emplace_back([&, i] {
      while (left.fetch_sub(1) > 0) {
        auto started = Clock::now();
        Session session(access);
        times[i].push_back(seconds_since(started) * 1e3);
      }
    });
  for (auto& thread : threads) thread.join();
  double took = seconds_since(begin);
  std::vector<double> all;
  for (auto& some : times) all.insert(all.end(), some.begin(), some.end());
  std::printf("{\"per_second\": %.2f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
              static_cast<double>(count) / took, percentile(all, 0.5), percentile(all, 0.99));
}

void hold(const Arguments& arguments) {
  Access access(arguments);
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<pollfd> polled{{STDIN_FILENO, POLLIN, 0}};
  for (std::uint64_t i = arguments.number("count", 1); i > 0; --i) {
    sessions.push_back(std::make_unique<Session>(access));
    polled.push_back({sessions.back()->descriptor(), POLLIN, 0});
  }
  std::printf("{\"ready\": %zu}\n", sessions.size());
  std::fflush(stdout);
  while (poll(polled.data(), polled.size(), -1) > 0 && polled[0].revents == 0)
    for (std::size_t i = 0; i < sessions.size(); ++i)
      if (polled[i + 1].revents != 0) sessions[i]->work(0); // answers the server's keepalive
}

// --- stalls ------------------------------------------------------------------------------------------------

constexpr std::uint64_t endless = 1ULL << 40;

void stall(const Arguments& arguments) {
  Access access(arguments);
  Session session(access);
  Streams streams = open_streams(session, static_cast<unsigned>(arguments.number("channels", 10)));
  std::string mode = arguments.text("mode");
  bool up = mode == "target";
  for (const auto& stream : streams) {
    stream->left = endless;
    stream->channel.write_all(up ? request('S', arguments.number("rate", 0)) : request('D', endless));
    if (mode == "window") stream->channel.take_nothing();
  }
  std::printf("{\"ready\": %zu}\n", streams.size());
  std::fflush(stdout);
  while (!stdin_ended(0)) {
    if (mode == "socket")
      stdin_ended(1000);
    else
      session.work(up && feed(streams) ? 0 : 50);
  }
  std::uint64_t sent = 0;
  for (const auto& stream : streams) sent += up ? endless - stream->left : 0;
  std::printf("{\"sent\": %llu}\n", static_cast<unsigned long long>(sent));
  std::fflush(stdout);
  std::_Exit(0); // nobody waits for what is still in the channels
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) die("usage: light_client transfer|open|login|hold|stall NAME=VALUE...");
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  ssh_init();
  std::string command = argv[1];
  Arguments arguments(argc, argv, 2);
  if (command == "transfer")
    transfer(arguments);
  else if (command == "open")
    open_channels(arguments);
  else if (command == "login")
    log_in(arguments);
  else if (command == "hold")
    hold(arguments);
  else if (command == "stall")
    stall(arguments);
  else
    die("unknown command " + command);
}
