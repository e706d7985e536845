// Our client against our server, both on one loop over a loopback connection.
#include "loop/asio.hpp"
#include "net/tcp_stream.hpp"
#include "ssh/client_session.hpp"
#include "ssh/host_key.hpp"
#include "ssh/identity.hpp"
#include "ssh/key_file.hpp"
#include "ssh/memory_transport.hpp"
#include "ssh/server_session.hpp"

#include <cstdlib>
#include <filesystem>

#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

namespace alk::ssh::client_session_test {
namespace {

using asio::ip::tcp;

std::pair<tcp::socket, tcp::socket> connected_pair(asio::io_context& loop) {
  tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  tcp::socket near(loop), far(loop);
  near.connect(acceptor.local_endpoint());
  acceptor.accept(far);
  return {std::move(near), std::move(far)};
}

std::unique_ptr<net::Stream> stream_of(tcp::socket socket) {
  return std::make_unique<net::TcpStream>(std::move(socket));
}

struct Server : ServerEvents {
  asio::io_context& loop;
  KeyVerdict verdict = KeyVerdict::Accept;
  std::string offered;
  std::string user;
  std::string opened_host;
  std::uint16_t opened_port = 0;
  enum class Target { Refuse, Speak, Keep, Never } target = Target::Keep;
  std::vector<tcp::socket> far_ends;
  bool over = false;

  explicit Server(asio::io_context& loop) : loop(loop) {}
  void on_key(const KeyOffer& offer, std::function<void(KeyVerdict)> answer) override {
    offered = offer.fingerprint;
    user = offer.user;
    asio::post(loop, [answer, verdict = verdict] { answer(verdict); });
  }
  void on_silent_request(SilentRequest, const std::string&) override {}
  void on_authenticated(const KeyOffer&) override {}
  void on_open(const std::string& host, std::uint16_t port,
               std::function<void(std::unique_ptr<net::Stream>)> answer) override {
    opened_host = host;
    opened_port = port;
    if (target == Target::Never) return;
    if (target == Target::Refuse) return answer(nullptr);
    auto [near, far] = connected_pair(loop);
    if (target == Target::Speak) { // confirm, data, eof and close arrive at the client in one piece
      asio::write(far, asio::buffer(std::string("hello")));
      far.shutdown(tcp::socket::shutdown_both);
      far.close();
    } else {
      far_ends.push_back(std::move(far));
    }
    answer(stream_of(std::move(near)));
  }
  void on_refused(RefusedRequest) override {}
  void on_ended() override { over = true; }
};

struct Client : ClientEvents {
  HostKeyAnswer host_key_answer = HostKeyAnswer::Trust;
  PresentedKey presented;
  std::function<void()> when_open;
  bool open = false;
  std::optional<ClientEnd> end;
  std::string detail;

  void on_host_key(const PresentedKey& key, std::function<void(HostKeyAnswer)> answer) override {
    presented = key;
    answer(host_key_answer);
  }
  void on_open() override {
    open = true;
    if (when_open) when_open();
  }
  void on_ended(ClientEnd how, const std::string& what) override {
    end = how;
    detail = what;
  }
};

Identity make_identity() {
  std::string directory = testing::TempDir() + "client_session_XXXXXX";
  EXPECT_NE(::mkdtemp(directory.data()), nullptr);
  const auto path = directory + "/key";
  EXPECT_TRUE(write_private_key(path, (*generate_ed25519()).private_key));
  auto identity = Identity::load(path, {});
  std::filesystem::remove_all(directory);
  return std::move(*identity);
}

struct ClientSessionTest : testing::Test {
  asio::io_context loop{1};
  HostKey host_key = std::move(*HostKey::parse((*generate_ed25519()).private_key, "test"));
  Identity identity = make_identity();
  Server server{loop};
  Client client;
  std::shared_ptr<ServerSession> server_session;
  std::shared_ptr<ClientSession> session;

  void start() {
    auto [near, far] = connected_pair(loop);
    server_session = ServerSession::make(loop, stream_of(std::move(far)), host_key, server, {}, 1024);
    session = *ClientSession::make(loop, stream_of(std::move(near)), identity, "alice", client);
    session->pump();
    server_session->pump();
  }
  // Ends when both sides have, or when nothing has happened for ten seconds.
  void run() {
    while (!(client.end && server.over) && loop.run_one_for(std::chrono::seconds(10)) > 0) {
    }
  }
  void close_later() {
    asio::post(loop, [this] { session->close(); });
  }
  void run_until_open(std::function<void()> then) {
    client.when_open = std::move(then);
    start();
    run();
  }
};

TEST_F(ClientSessionTest, LogsInAndCloses) {
  run_until_open([this] { close_later(); });
  EXPECT_TRUE(client.open);
  EXPECT_EQ(client.end, ClientEnd::Closed);
  EXPECT_EQ(client.presented.fingerprint, host_key.fingerprint());
  EXPECT_EQ(client.presented.type, "ssh-ed25519");
  EXPECT_EQ(server.offered, identity.fingerprint());
  EXPECT_EQ(server.user, "alice");
}

TEST_F(ClientSessionTest, RefusedHostKeySendsNoLogin) {
  client.host_key_answer = HostKeyAnswer::Refuse;
  start();
  run();
  EXPECT_EQ(client.end, ClientEnd::HostKeyRefused);
  EXPECT_EQ(server.offered, "");
}

TEST_F(ClientSessionTest, RefusedKey) {
  server.verdict = KeyVerdict::Reject;
  start();
  run();
  EXPECT_EQ(client.end, ClientEnd::LoginRefused);
  EXPECT_FALSE(client.open);
}

TEST_F(ClientSessionTest, SpeaksFirst) {
  auto [near, far] = connected_pair(loop);
  session = *ClientSession::make(loop, stream_of(std::move(near)), identity, "alice", client);
  session->pump();
  char first[8] = {};
  asio::read(far, asio::buffer(first)); // blocks: the identification is on its way already
  EXPECT_EQ(std::string_view(first, 8), "SSH-2.0-");
  session->close();
  far.close();
  loop.run();
  EXPECT_EQ(client.end, ClientEnd::Closed);
}

TEST_F(ClientSessionTest, NotAnSshServer) {
  auto [near, far] = connected_pair(loop);
  session = *ClientSession::make(loop, stream_of(std::move(near)), identity, "alice", client);
  session->pump();
  asio::write(far, asio::buffer(std::string("HTTP/1.1 400 Bad Request\r\n\r\n")));
  far.close();
  loop.run();
  EXPECT_EQ(client.end, ClientEnd::Unreachable);
}

TEST_F(ClientSessionTest, OpenRefused) {
  server.target = Server::Target::Refuse;
  std::optional<OpenFailure> failure;
  run_until_open([&] {
    session->open({"db.test", 5432}, [&](Opened opened) {
      if (!opened) failure = opened.error();
      session->close();
    });
  });
  EXPECT_EQ(failure, OpenFailure::Prohibited);
  EXPECT_EQ(server.opened_host, "db.test");
  EXPECT_EQ(server.opened_port, 5432);
}

TEST_F(ClientSessionTest, ShortLivedTargetLosesNothing) {
  server.target = Server::Target::Speak;
  auto [near, far] = connected_pair(loop);
  std::string got;
  run_until_open([&, &near = near, &far = far] {
    session->open({"a.test", 1}, [&](Opened opened) {
      ASSERT_TRUE(opened);
      opened->splice(stream_of(std::move(near)));
      asio::async_read(far, asio::dynamic_buffer(got), [&](std::error_code error, std::size_t) {
        EXPECT_EQ(error, asio::error::eof);
        session->close();
      });
    });
  });
  EXPECT_EQ(got, "hello");
}

TEST_F(ClientSessionTest, PendingOpensEndWithTheSession) {
  server.target = Server::Target::Never;
  int answers = 0;
  run_until_open([&] {
    for (int i = 0; i < 3; ++i)
      session->open({"a.test", 1}, [&](Opened opened) {
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error(), OpenFailure::SessionOver);
        ++answers;
      });
    asio::post(loop, [this] { server_session->disconnect("bye"); });
  });
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(answers, 3);
  EXPECT_EQ(client.end, ClientEnd::Lost);
}

TEST_F(ClientSessionTest, OpenBeforeLoginIsAnswered) {
  start();
  std::optional<OpenFailure> failure;
  session->open({"a.test", 1}, [&](Opened opened) {
    failure = opened.error();
    session->close();
  });
  run();
  EXPECT_EQ(failure, OpenFailure::SessionOver);
}

TEST_F(ClientSessionTest, UnusedChannelIsClosed) {
  run_until_open([&] {
    session->open({"a.test", 1}, [&](Opened opened) {
      ASSERT_TRUE(opened);
      { auto dropped = std::move(*opened); }
      char byte;
      auto& far = server.far_ends.front();
      far.async_read_some(asio::buffer(&byte, 1), [&](std::error_code error, std::size_t) {
        EXPECT_TRUE(error);
        session->close();
      });
    });
  });
  EXPECT_EQ(client.end, ClientEnd::Closed);
}

TEST_F(ClientSessionTest, ServerEndingIsLost) {
  run_until_open([this] { asio::post(loop, [this] { server_session->abort(); }); });
  EXPECT_EQ(client.end, ClientEnd::Lost);
}

} // namespace
} // namespace alk::ssh::client_session_test
