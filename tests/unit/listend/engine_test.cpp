// The engine over real loopback sockets, with an authority of the test's own.
#include "engine.hpp"
#include "ssh/key_file.hpp"

#include <thread>

#include <arpa/inet.h>
#include <asio/executor_work_guard.hpp>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alk::listend::engine_test {

namespace {

class Nobody final : public Authority {
 public:
  void verify(LoginRequest, std::function<void(Result<LoginVerdict>)> answer) override {
    answer(LoginVerdict{});
  }
  void find_revoked(std::vector<std::string>,
                    std::function<void(Result<std::vector<std::string>>)> answer) override {
    answer(std::vector<std::string>{});
  }
};

Fd listening_socket(std::uint16_t& port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd.get(), 16), 0);
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

Fd connected_socket(std::uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  timeval patience{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

std::string read_some(const Fd& fd) {
  char text[256];
  ssize_t count = ::recv(fd.get(), text, sizeof text, 0);
  return {text, count > 0 ? static_cast<std::size_t>(count) : 0};
}

class EngineTest : public testing::Test {
 protected:
  EngineSetup setup(const char* name, Fd socket, std::uint32_t per_ip = 0) {
    auto parsed = config::parse("alknet.toml", R"(
[auth]
host_key = "/nonexistent"
[[listeners]]
name = "ssh"
transport = "tcp"
)");
    EXPECT_TRUE(parsed) << parsed.error().front().describe();
    parsed->dynamic.limits.max_connections_per_ip = per_ip;
    EngineSetup made;
    made.fixed = parsed->fixed;
    made.settings = make_settings(*parsed, parsed->fixed, config::KeySource(), 1).value();
    made.host_key = ssh::generate_ed25519().value().private_key;
    made.sockets.push_back({name, std::move(socket)});
    made.loops = 2;
    return made;
  }

  // Runs the main loop on a thread of its own while the test talks to the engine's sockets.
  void run(const std::function<void()>& test) {
    auto work = asio::make_work_guard(main_);
    std::thread loop([this] { main_.run(); });
    test();
    asio::post(main_,
               [this, &work] { engine_.stop(std::chrono::milliseconds(10), [&work] { work.reset(); }); });
    loop.join();
  }

  asio::io_context main_;
  Nobody authority_;
  Engine engine_{
      main_,
      authority_,
      {[](const LiveSession&) {}, [](const LiveSession&) {}, [](const config::IpAddress&, Offence) {}}};
  std::uint16_t port_ = 0;
};

TEST_F(EngineTest, GreetsOnAPassedSocket) {
  ASSERT_TRUE(engine_.start(setup("ssh", listening_socket(port_))));
  EXPECT_TRUE(engine_.host_key_fingerprint().starts_with("SHA256:"));
  run([this] {
    Fd client = connected_socket(port_);
    EXPECT_TRUE(read_some(client).starts_with("SSH-2.0-"));
  });
}

TEST_F(EngineTest, RefusesADescriptorWithoutAListener) {
  auto started = engine_.start(setup("web", listening_socket(port_)));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, Kind::Invalid);
  EXPECT_NE(started.error().what.find("\"web\""), std::string::npos);
}

TEST_F(EngineTest, RefusesADescriptorThatDoesNotListen) {
  Fd plain(::socket(AF_INET, SOCK_STREAM, 0));
  auto started = engine_.start(setup("ssh", std::move(plain)));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, Kind::Invalid);
}

TEST_F(EngineTest, RefusesConnectionsAboveTheLimitOfASource) {
  ASSERT_TRUE(engine_.start(setup("ssh", listening_socket(port_), 1)));
  run([this] {
    Fd first = connected_socket(port_);
    EXPECT_TRUE(read_some(first).starts_with("SSH-2.0-"));
    Fd second = connected_socket(port_);
    EXPECT_EQ(read_some(second), "");
  });
  const Labels labels{{"listener", "ssh"}, {"transport", "tcp"}};
  Labels refused = labels;
  refused.emplace("reason", "per-source");
  const auto readings = engine_.readings();
  EXPECT_THAT(readings, testing::Contains(Reading{"alknet_connections_accepted_total", labels, 1}));
  EXPECT_THAT(readings, testing::Contains(Reading{"alknet_connections_refused_total", refused, 1}));
}

TEST_F(EngineTest, NewSettingsReachEveryLoopBeforeItIsDone) {
  ASSERT_TRUE(engine_.start(setup("ssh", listening_socket(port_))));
  bool applied = false;
  auto next = std::make_shared<Settings>(*engine_.settings());
  next->generation = 2;
  engine_.apply(next, nullptr, [&] { applied = true; });
  while (!applied) main_.run_one();
  EXPECT_EQ(engine_.settings()->generation, 2U);
}

} // namespace
} // namespace alk::listend::engine_test
