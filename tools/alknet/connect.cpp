#include "connect.hpp"

#include "doors.hpp"
#include "log/log.hpp"
#include "loop/signals.hpp"
#include "net/tls_context.hpp"
#include "say.hpp"
#include "ssh/identity.hpp"
#include "ssh/memory_transport.hpp"
#include "terminal.hpp"
#include "tunnel.hpp"

#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>
#include <unistd.h>

namespace alk::alknet {

namespace {

// From a signal to the end of the process (network.md 8.9).
constexpr std::chrono::seconds goodbye_limit{2};
// Each tunnelled connection takes one descriptor; the usual soft limit of 1,024 is soon reached by a browser.
constexpr rlim_t wanted_descriptors = 8192;

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted_descriptors) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted_descriptors);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<ssh::Identity> load_identity(const std::string& path) {
  const char* agent = std::getenv("SSH_AUTH_SOCK");
  return ssh::Identity::load(path, {agent != nullptr ? agent : "", ask_secret});
}

Result<std::shared_ptr<const net::TlsContext>> tls_context(const ConnectOptions& options) {
  if (!options.tls) return std::shared_ptr<const net::TlsContext>();
  return net::TlsContext::client({options.tls->ca_file, options.tls->insecure});
}

// Member order is the order of construction; tasks that use a member end before it does.
class Client {
 public:
  Client(const ConnectOptions& options, ssh::Identity identity, std::shared_ptr<const net::TlsContext> tls)
      : options_(options), identity_(std::move(identity)), trust_(options, {has_terminal, ask_line}),
        tunnel_({loop_, options_, identity_, std::move(tls), dialer_, resolver_, trust_},
                [this](const Error& error) { stop(say_error(error)); }),
        doors_(loop_, tunnel_), signals_(std::in_place, loop_, [this](int) { stop(0); }), tasks_(loop_) {}

  int run();

 private:
  Task<> start();
  void announce() const;
  void stop(int code);

  const ConnectOptions& options_;
  asio::io_context loop_{1};
  ssh::Identity identity_;
  net::DirectDialer dialer_;
  net::Resolver resolver_{1};
  HostTrust trust_;
  Tunnel tunnel_;
  Doors doors_;
  std::optional<loop::StopSignals> signals_;
  loop::TaskGroup tasks_;
  asio::steady_timer limit_{loop_};
  std::optional<int> code_;
};

int Client::run() {
  if (auto bound = doors_.bind(options_.socks5, options_.forwards); !bound) return say_error(bound.error());
  if (!doors_.socks5_address().is_loopback())
    say_warning("the SOCKS5 listener is open to other machines and asks nobody for a password");
  tasks_.spawn("start", start());
  loop_.run();
  // Everything of ours is over; the server may take a moment to read the goodbye.
  const auto deadline = limit_.expiry();
  signals_.reset();
  limit_.cancel();
  loop_.restart();
  loop_.run_until(deadline);
  return code_.value_or(1);
}

Task<> Client::start() {
  auto connected = co_await tunnel_.connect();
  if (code_) co_return;
  if (!connected) co_return stop(say_error(connected.error()));
  if (auto opened = doors_.open(); !opened) co_return stop(say_error(opened.error()));
  announce();
}

void Client::announce() const {
  std::string line = "ready socks5=" + doors_.socks5_address().text();
  for (const auto& address : doors_.forward_addresses()) line += " forward=" + address.text();
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// The first call decides the exit code. What does not end by itself is cut off at the limit.
void Client::stop(int code) {
  if (code_) return;
  code_ = code;
  limit_.expires_after(goodbye_limit);
  limit_.async_wait([this](std::error_code error) {
    if (!error) ::_exit(*code_);
  });
  tasks_.cancel();
  doors_.close([this] { tunnel_.close([this] { tasks_.when_drained([this] { loop_.stop(); }); }); });
}

} // namespace

int connect_main(const ConnectOptions& options) {
  log::open("alknet", log::Level::Warning);
  raise_descriptor_limit();
  if (auto checked = ssh::check_interposition(); !checked) return say_error(checked.error());
  auto tls = tls_context(options);
  if (!tls) return say_error(tls.error());
  auto identity = load_identity(options.identity);
  if (!identity) return say_error(identity.error());
  return Client(options, std::move(*identity), std::move(*tls)).run();
}

} // namespace alk::alknet
