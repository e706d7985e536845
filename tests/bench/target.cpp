// What tunnels lead to: a server on 127.0.0.1 that is never the bottleneck. It prints its port and serves
// until stdin ends. A connection first sends an operation and a count (8 bytes, big endian):
//   U count   takes that many bytes, thrown away by the kernel without a copy, and answers 'k'
//   D count   sends that many bytes
//   P         answers 'k'
//   S rate    takes that many bytes per second; 0 = nothing, for ever
// and is then read to its end. A connection that says nothing is fine, too.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// Threads wait in accept(): a connection does not pay for the making of one.
constexpr int threads = 96;
constexpr std::size_t chunk = 256 * 1024;

// Takes up to `count` bytes; false at the end of the stream.
bool discard(int peer, std::uint64_t& count) {
  auto size = std::min<std::uint64_t>(count, 4 * 1024 * 1024);
  ssize_t got = recv(peer, nullptr, size, MSG_TRUNC);
  if (got <= 0) return false;
  count -= static_cast<std::uint64_t>(got);
  return true;
}

void send_all(int peer, std::uint64_t count) {
  static const std::string payload(chunk, 'y');
  while (count > 0) {
    ssize_t sent = send(peer, payload.data(), std::min<std::uint64_t>(chunk, count), MSG_NOSIGNAL);
    if (sent <= 0) return;
    count -= static_cast<std::uint64_t>(sent);
  }
}

void take_slowly(int peer, std::uint64_t rate) {
  for (bool more = true; more;) {
    std::uint64_t portion = rate / 10;
    while (portion > 0 && more) more = discard(peer, portion);
    timespec pause{0, 100'000'000};
    nanosleep(&pause, nullptr);
  }
}

void serve(int peer) {
  int one = 1;
  setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  unsigned char head[9];
  if (recv(peer, head, sizeof head, MSG_WAITALL) == sizeof head) {
    std::uint64_t count = 0;
    for (int i = 1; i < 9; ++i) count = count << 8 | head[i];
    if (head[0] == 'U')
      while (count > 0 && discard(peer, count)) continue;
    if (head[0] == 'U' || head[0] == 'P') send(peer, "k", 1, MSG_NOSIGNAL);
    if (head[0] == 'D') send_all(peer, count);
    if (head[0] == 'S') take_slowly(peer, count);
    std::uint64_t rest = UINT64_MAX;
    while (discard(peer, rest)) continue;
  }
  close(peer);
}

} // namespace

int main() {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 4096) != 0)
    return 1;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  for (int i = 0; i < threads; ++i)
    std::thread([listener] {
      for (;;) serve(accept(listener, nullptr, nullptr));
    }).detach();
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  _exit(0);
}
