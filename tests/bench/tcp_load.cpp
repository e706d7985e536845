// Load on plain TCP ports, for peers that listen themselves (ssh -L). Prints one line of JSON.
//
//   tcp_load transfer direction=up|down bytes=N streams=K ports=P,P,...   streams spread over the ports
//   tcp_load open count=N ports=P   connect, ask the target for one byte, wait for it
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t chunk = 256 * 1024;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::_Exit(1);
}

int connect_to(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int peer = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("cannot connect");
  int one = 1;
  setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return peer;
}

void ask(int peer, char operation, std::uint64_t count) {
  std::string text(9, operation);
  for (int i = 0; i < 8; ++i) text[8 - i] = static_cast<char>(count >> (8 * i));
  if (send(peer, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    die("cannot send");
}

void take(int peer, std::uint64_t count) {
  while (count > 0) {
    ssize_t got = recv(peer, nullptr, std::min<std::uint64_t>(count, 4 * 1024 * 1024), MSG_TRUNC);
    if (got <= 0) die("the stream ended early");
    count -= static_cast<std::uint64_t>(got);
  }
}

void give(int peer, std::uint64_t count) {
  static const std::string payload(chunk, 'x');
  while (count > 0) {
    ssize_t sent = send(peer, payload.data(), std::min<std::uint64_t>(chunk, count), MSG_NOSIGNAL);
    if (sent <= 0) die("the stream ended early");
    count -= static_cast<std::uint64_t>(sent);
  }
}

// A forwarder accepts before the channel is open: a byte from the target says that it is.
void transfer(bool up, std::uint64_t bytes, unsigned streams, const std::vector<unsigned>& ports) {
  std::uint64_t each = bytes / streams;
  Clock::time_point begin;
  std::barrier start(streams, [&begin]() noexcept { begin = Clock::now(); });
  std::vector<double> times(streams);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < streams; ++i)
    threads.emplace_back([&, i] {
      int peer = connect_to(ports[i % ports.size()]);
      start.arrive_and_wait();
      ask(peer, up ? 'U' : 'D', each);
      if (up) give(peer, each);
      take(peer, up ? 1 : each);
      times[i] = since(begin);
      close(peer);
    });
  for (auto& thread : threads) thread.join();
  std::printf("{\"bytes\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(each * streams),
              *std::max_element(times.begin(), times.end()));
}

void open_channels(unsigned count, unsigned port) {
  constexpr unsigned warm = 20;
  std::vector<double> times;
  for (unsigned i = 0; i < count + warm; ++i) {
    auto begin = Clock::now();
    int peer = connect_to(port);
    ask(peer, 'P', 0);
    take(peer, 1);
    if (i >= warm) times.push_back(since(begin) * 1e6);
    close(peer);
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n", times[times.size() / 2],
              times[times.size() * 99 / 100], times.back());
}

std::vector<unsigned> numbers(const std::string& text) {
  std::vector<unsigned> found;
  for (std::size_t at = 0; at < text.size(); at = text.find(',', at), at += at < text.size())
    found.push_back(static_cast<unsigned>(std::strtoul(text.c_str() + at, nullptr, 10)));
  return found;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) die("usage: tcp_load transfer|open NAME=VALUE...");
  std::map<std::string, std::string> values;
  for (int i = 2; i < argc; ++i) {
    std::string argument = argv[i];
    auto at = argument.find('=');
    if (at == std::string::npos) die("not NAME=VALUE");
    values[argument.substr(0, at)] = argument.substr(at + 1);
  }
  auto number = [&](const char* name) { return std::strtoull(values[name].c_str(), nullptr, 10); };
  auto ports = numbers(values["ports"]);
  if (ports.empty()) die("ports= is missing");
  if (std::string(argv[1]) == "transfer")
    transfer(values["direction"] == "up", number("bytes"),
             std::max(1U, static_cast<unsigned>(number("streams"))), ports);
  else
    open_channels(static_cast<unsigned>(number("count")), ports.front());
}
