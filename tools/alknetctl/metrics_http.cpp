#include "metrics_http.hpp"

#include "http_answer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>

namespace alk::alknetctl {

namespace {

using Clock = std::chrono::steady_clock;

// Read after the answer, so that closing does not take it away with a reset.
constexpr std::size_t most_rest = 64 * 1024;

bool wait(int socket, short what, Clock::time_point deadline) {
  pollfd state{socket, what, 0};
  int found = 0;
  do {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    found = ::poll(&state, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
  } while (found < 0 && errno == EINTR);
  return found == 1;
}

// At most `limit` bytes, until `enough` says so, the peer ends or the time is over.
std::string read_until(int socket, std::size_t limit, Clock::time_point deadline,
                       bool (*enough)(std::string_view)) {
  std::string received;
  std::array<char, 2048> buffer;
  while (received.size() < limit && !enough(received) && wait(socket, POLLIN, deadline)) {
    ssize_t count =
        ::recv(socket, buffer.data(), std::min(buffer.size(), limit - received.size()), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) break;
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return received;
}

Result<void> write_all(int socket, std::string_view text, Clock::time_point deadline) {
  while (!text.empty()) {
    if (!wait(socket, POLLOUT, deadline)) return fail(Kind::Gone, "the scraper does not read");
    ssize_t count = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return fail(Kind::Gone, "the scraper has left");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

} // namespace

Result<void> serve_metrics(int socket, const std::function<Result<std::string>()>& text,
                           std::chrono::milliseconds patience) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
    return fail(Kind::Invalid, "standard input is not a connection: --http is for alknet-metrics.socket");
  const std::string head = read_until(socket, most_request_bytes, Clock::now() + patience, is_whole_head);
  if (head.empty()) return {};
  HttpRequest request = read_request(head);
  Result<std::string> metrics =
      request.status == HttpStatus::Ok ? text() : Result<std::string>(std::string());
  if (!metrics) request.status = HttpStatus::Unavailable;
  const auto deadline = Clock::now() + patience;
  ALK_TRY_VOID(write_all(socket, http_answer(request, metrics ? *metrics : std::string()), deadline));
  ::shutdown(socket, SHUT_WR);
  (void)read_until(socket, most_rest, deadline, [](std::string_view) { return false; });
  if (!metrics) return pass(std::move(metrics).error());
  return {};
}

} // namespace alk::alknetctl
