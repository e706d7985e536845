#include "listener.hpp"

#include "log/log.hpp"

#include <cerrno>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace alk::listend {

namespace {
// Connections taken before other work of the main loop has its turn.
constexpr int accept_batch = 64;
constexpr std::chrono::milliseconds exhausted_pause{100};
constexpr std::chrono::minutes complaint_pause{1};

struct SocketAddress {
  std::string host;
  std::uint16_t port = 0;
  int family = AF_UNSPEC;
};

config::IpAddress address_of(const sockaddr_storage& storage) {
  auto bytes = [](const auto& address, std::size_t size) {
    return std::span(reinterpret_cast<const std::uint8_t*>(&address), size);
  };
  std::optional<config::IpAddress> address;
  if (storage.ss_family == AF_INET)
    address = config::make_ip(bytes(reinterpret_cast<const sockaddr_in&>(storage).sin_addr, 4));
  if (storage.ss_family == AF_INET6)
    address = config::make_ip(bytes(reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, 16));
  return address.value_or(config::IpAddress{});
}

// A reset as the only answer, on every listener alike: nothing that depends on what runs here, no state of
// ours in TIME_WAIT, and what a firewall that answers would send (see SECURITY.md).
void reset(Fd socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// IPv4-mapped addresses come out as IPv4: logs, limits and ban lists must see one address, not two.
SocketAddress describe(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port), AF_INET};
  }
  if (storage.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
    ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
  else
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return {text, ntohs(v6.sin6_port), AF_INET6};
}

Fd open_reserve() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
} // namespace

Result<std::unique_ptr<Listener>> Listener::make(asio::io_context& main, config::Listener settings, Fd socket,
                                                 ConnectionLimiter& limiter, PenaltyTable& penalties,
                                                 std::function<void(Arrival)> deliver) {
  int type = 0, listening = 0;
  socklen_t size = sizeof type;
  sockaddr_storage bound{};
  socklen_t bound_size = sizeof bound;
  bool usable = ::getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
                ::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
                listening != 0 &&
                ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &bound_size) == 0 &&
                (bound.ss_family == AF_INET || bound.ss_family == AF_INET6);
  if (!usable) return fail(Kind::Invalid, "listener \"" + settings.name + "\": not a listening TCP socket");
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  SocketAddress address = describe(bound);
  bool v6 = address.host.find(':') != std::string::npos;
  std::string text = (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
  return std::unique_ptr<Listener>(new Listener(main, std::move(settings), std::move(socket), std::move(text),
                                                limiter, penalties, std::move(deliver)));
}

Listener::Listener(asio::io_context& main, config::Listener settings, Fd socket, std::string address,
                   ConnectionLimiter& limiter, PenaltyTable& penalties, std::function<void(Arrival)> deliver)
    : settings_(std::move(settings)), address_(std::move(address)), socket_(main, socket.release()),
      pause_(main), limiter_(limiter), penalties_(penalties), deliver_(std::move(deliver)),
      reserve_(open_reserve()) {}

void Listener::start() {
  wait();
}

void Listener::stop() {
  std::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

void Listener::wait() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
    if (!error) accept_some();
  });
}

void Listener::accept_some() {
  for (int i = 0; i < accept_batch; ++i)
    if (!accept_one()) return;
  wait();
}

// False when there is nothing more to accept now; the next wait is set up.
bool Listener::accept_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  Fd accepted(::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      refuse_for_want_of_descriptors();
      return false;
    }
    bool gone_before_we_took_it = errno != EAGAIN && errno != EWOULDBLOCK;
    if (gone_before_we_took_it) return true;
    wait();
    return false;
  }
  const config::IpAddress source = address_of(peer);
  const bool proxied = settings_.is_proxy(source);
  if (!proxied && penalties_.refuses(source, std::chrono::steady_clock::now())) {
    counts_.add(Count::ConnectionPenalty);
    reset(std::move(accepted)); // not logged: the penalty itself was, once
    return true;
  }
  SocketAddress address = describe(peer);
  auto lease = proxied ? limiter_.acquire_unnamed() : limiter_.acquire(address.host);
  if (!lease) {
    counts_.add(lease.error() == ConnectionLimiter::Refusal::PerSource ? Count::ConnectionPerSource
                                                                       : Count::ConnectionTotal);
    log::write(log::Level::Info, log::event::connection_rejected,
               {{"remote_addr", address.host}, {"transport", config::transport_name(settings_.transport)}},
               {{"remote_port", int{address.port}}, {"listener", settings_.name}});
    return true;
  }
  if (!proxied) counts_.add(Count::ConnectionAccepted); // else once it is
  deliver_({std::move(accepted), address.family, source, address.host, address.port, settings_,
            std::move(*lease), proxied});
  return true;
}

// The waiting connection is accepted with the reserve and closed, so that its peer knows; then a pause,
// because the shortage will not end within microseconds.
void Listener::refuse_for_want_of_descriptors() {
  // At the limit one place becomes free and is taken again and again: that is one shortage, not many.
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_complaint_) {
    log::write(log::Level::Error, log::event::descriptors_exhausted, {{"listener", settings_.name}});
    next_complaint_ = now + complaint_pause;
  }
  reserve_.reset();
  for (int i = 0; i < accept_batch; ++i) {
    Fd refused(::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!refused) break;
    counts_.add(Count::ConnectionDescriptors);
  }
  reserve_ = open_reserve();
  pause_.expires_after(exhausted_pause);
  pause_.async_wait([this](std::error_code error) {
    if (!error) wait();
  });
}

} // namespace alk::listend
