// Both roles of TlsStream against each other over loopback, and what a context refuses.
#include "loop/task_group.hpp"
#include "net/self_signed.hpp"
#include "net/stealth.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_stream.hpp"

#include <array>
#include <ctime>
#include <fstream>

#include <gtest/gtest.h>

namespace alk::net::tls_test {
namespace {

using Clock = std::chrono::steady_clock;
using State = Transfer::State;
using Context = std::shared_ptr<const TlsContext>;

struct Pair {
  std::string certificate;
  std::string key;
};

Pair make_pair() {
  auto key = generate_tls_key();
  return {make_self_signed(*key, {"example.org", "127.0.0.1"}).value(), std::string(key->view())};
}

const Pair& pair() {
  static const Pair made = make_pair();
  return made;
}

Clock::time_point soon(std::chrono::milliseconds after = std::chrono::seconds(20)) {
  return Clock::now() + after;
}

Task<> write_all(Stream& stream, std::string bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto moved = stream.write(std::as_bytes(std::span(rest)));
    if (moved.state == State::Done)
      rest.remove_prefix(moved.count);
    else if (moved.state == State::Failed || !co_await ready(stream, Direction::Write))
      co_return;
  }
}

Task<std::string> read_to_end(Stream& stream) {
  std::string all;
  std::vector<std::byte> buffer(50000);
  for (;;) {
    const auto moved = stream.read(buffer);
    if (moved.state == State::Done)
      all.append(reinterpret_cast<const char*>(buffer.data()), moved.count);
    else if (moved.state != State::Again || !co_await ready(stream, Direction::Read))
      co_return all;
  }
}

class Tls : public testing::Test {
 public:
  Tls() {
    server_context = *TlsContext::server(pair().certificate, pair().key);
    client_context = *TlsContext::client({.ca_file = {}, .insecure = true});
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket near(context);
    near.connect(acceptor.local_endpoint());
    client_socket = std::make_unique<TcpStream>(std::move(near));
    server_socket = std::make_unique<TcpStream>(acceptor.accept());
  }

  void connect(const std::string& name = "example.org") {
    auto executor = asio::any_io_executor(context.get_executor());
    server = *TlsStream::server(executor, std::move(server_socket), server_context);
    client = *TlsStream::client(executor, std::move(client_socket), client_context, name);
  }

  // Runs both handshakes.
  void shake() {
    tasks.spawn("server", [](Tls& self) -> Task<> {
      self.server_result = co_await self.server->handshake(soon());
      if (!self.server_result) self.server->close();
    }(*this));
    tasks.spawn("client", [](Tls& self) -> Task<> {
      self.client_result = co_await self.client->handshake(soon());
      if (!self.client_result) self.client->close();
    }(*this));
    context.run();
    context.restart();
  }

  std::string write_ca_file() {
    const std::string path = testing::TempDir() + "alknet_tls_test_ca.pem";
    std::ofstream(path) << pair().certificate;
    return path;
  }

  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  Context server_context, client_context;
  std::unique_ptr<TcpStream> client_socket, server_socket;
  std::unique_ptr<TlsStream> client, server;
  Result<void> server_result = fail(Kind::Broken, "not run");
  Result<void> client_result = fail(Kind::Broken, "not run");
};

TEST_F(Tls, HandshakeRecordsTheNameAndTheVersion) {
  connect("example.org");
  shake();
  ASSERT_TRUE(server_result) << server_result.error().describe();
  ASSERT_TRUE(client_result) << client_result.error().describe();
  EXPECT_EQ(server->server_name(), "example.org");
  EXPECT_EQ(server->version(), "TLSv1.3");
  EXPECT_EQ(server->protocol(), "");
  EXPECT_EQ(server->kind(), "tls");
}

TEST_F(Tls, AnAddressIsNotSentAsName) {
  connect("127.0.0.1");
  shake();
  ASSERT_TRUE(server_result);
  EXPECT_EQ(server->server_name(), "");
}

TEST_F(Tls, AMegabyteEachWayAtOnceIsExact) {
  connect();
  shake();
  std::string up(1 << 20, 'u'), down(1 << 20, 'd'), got_up, got_down;
  for (std::size_t i = 0; i < up.size(); ++i)
    up[i] = static_cast<char>(i * 7), down[i] = static_cast<char>(i * 11);
  auto send = [](Stream& stream, std::string bytes) -> Task<> {
    co_await write_all(stream, std::move(bytes));
    stream.announce_end();
  };
  auto receive = [](Stream& stream, std::string& into) -> Task<> { into = co_await read_to_end(stream); };
  tasks.spawn("a", send(*client, up));
  tasks.spawn("b", send(*server, down));
  tasks.spawn("c", receive(*server, got_up));
  tasks.spawn("d", receive(*client, got_down));
  context.run();
  EXPECT_EQ(got_up, up);
  EXPECT_EQ(got_down, down);
}

TEST_F(Tls, ThroughputModeStillDeliversEverything) {
  connect();
  shake();
  server->prefer_throughput();
  std::string got;
  tasks.spawn("a", [](Tls& self) -> Task<> {
    co_await write_all(*self.client, std::string(700000, 'x'));
    self.client->shutdown_write();
  }(*this));
  tasks.spawn("b", [](Tls& self, std::string& got) -> Task<> {
    got = co_await read_to_end(*self.server);
  }(*this, got));
  context.run();
  EXPECT_EQ(got, std::string(700000, 'x'));
}

TEST_F(Tls, ASmallBufferSeesBytesThatOpensslHolds) {
  connect();
  shake();
  std::string got;
  tasks.spawn("a", [](Tls& self) -> Task<> { co_await write_all(*self.client, "0123456789"); }(*this));
  tasks.spawn("b", [](Tls& self, std::string& got) -> Task<> {
    while (got.size() < 10) {
      std::array<std::byte, 3> buffer{};
      const auto moved = self.server->read(buffer);
      got.append(reinterpret_cast<const char*>(buffer.data()), moved.count);
      // Always waits, also when bytes are left inside: the wait has to notice.
      if (got.size() == 10) co_return;
      const bool fine = co_await ready(*self.server, Direction::Read);
      EXPECT_TRUE(fine);
    }
  }(*this, got));
  context.run();
  EXPECT_EQ(got, "0123456789");
}

TEST_F(Tls, SilenceMeetsTheDeadlineAndNothingIsSent) {
  auto executor = asio::any_io_executor(context.get_executor());
  server = *TlsStream::server(executor, std::move(server_socket), server_context);
  tasks.spawn("server", [](Tls& self) -> Task<> {
    self.server_result = co_await self.server->handshake(soon(std::chrono::milliseconds(5)));
    self.server->close();
  }(*this));
  context.run();
  ASSERT_FALSE(server_result);
  EXPECT_EQ(server_result.error().kind, Kind::Busy);
  std::array<std::byte, 64> buffer{};
  EXPECT_EQ(client_socket->read(buffer).state, State::End);
}

TEST_F(Tls, GarbageIsAnsweredWithAnAlert) {
  auto executor = asio::any_io_executor(context.get_executor());
  server = *TlsStream::server(executor, std::move(server_socket), server_context);
  std::string got;
  tasks.spawn("server", [](Tls& self) -> Task<> {
    self.server_result = co_await self.server->handshake(soon());
    self.server->close();
  }(*this));
  tasks.spawn("client", [](Tls& self, std::string& got) -> Task<> {
    co_await write_all(*self.client_socket, std::string("\x16\x03\x01\x00\x05hello", 10));
    got = co_await read_to_end(*self.client_socket);
  }(*this, got));
  context.run();
  ASSERT_FALSE(server_result);
  EXPECT_EQ(server_result.error().kind, Kind::Invalid);
  ASSERT_EQ(got.size(), 7U);
  EXPECT_EQ(got[0], 0x15); // alert record
}

TEST_F(Tls, EndDuringTheHandshakeIsGone) {
  auto executor = asio::any_io_executor(context.get_executor());
  server = *TlsStream::server(executor, std::move(server_socket), server_context);
  client_socket->close();
  tasks.spawn("server", [](Tls& self) -> Task<> {
    self.server_result = co_await self.server->handshake(soon());
  }(*this));
  context.run();
  ASSERT_FALSE(server_result);
  EXPECT_EQ(server_result.error().kind, Kind::Gone);
}

TEST_F(Tls, AnUnknownCertificateIsDenied) {
  client_context = *TlsContext::client({});
  connect();
  shake();
  ASSERT_FALSE(client_result);
  EXPECT_EQ(client_result.error().kind, Kind::Denied);
  EXPECT_NE(client_result.error().what.find("certificate"), std::string::npos);
}

TEST_F(Tls, ACaFileMakesNamesAndAddressesGood) {
  client_context = *TlsContext::client({.ca_file = write_ca_file(), .insecure = false});
  connect("127.0.0.1");
  shake();
  EXPECT_TRUE(client_result) << client_result.error().describe();
}

TEST_F(Tls, AnotherNameIsDeniedInspiteOfTheCa) {
  client_context = *TlsContext::client({.ca_file = write_ca_file(), .insecure = false});
  connect("other.example.org");
  shake();
  ASSERT_FALSE(client_result);
  EXPECT_EQ(client_result.error().kind, Kind::Denied);
}

TEST_F(Tls, AFailedConnectionStaysFailed) {
  connect();
  shake();
  client->close();
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(client->read(buffer).state, State::Failed);
  EXPECT_EQ(client->write(buffer).state, State::Failed);
  bool called = false;
  client->wait(Direction::Read, [&](std::error_code) { called = true; });
  client->announce_end();
  context.run();
  EXPECT_TRUE(called);
}

TEST_F(Tls, CancelEndsOneDirectionAlone) {
  connect();
  shake();
  int read_calls = 0;
  std::error_code read_error;
  server->wait(Direction::Read, [&](std::error_code error) { ++read_calls, read_error = error; });
  server->cancel(Direction::Read);
  int write_calls = 0;
  server->wait(Direction::Write, [&](std::error_code error) { write_calls += error ? 100 : 1; });
  context.run();
  EXPECT_EQ(read_calls, 1);
  EXPECT_EQ(read_error, asio::error::operation_aborted);
  EXPECT_EQ(write_calls, 1);
}

TEST(TlsContext, RefusesWhatCannotServe) {
  const auto other = make_pair();
  auto expect = [](const std::string& certificate, const std::string& key, const std::string& part) {
    const auto made = TlsContext::server(certificate, key);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Kind::Invalid);
    EXPECT_NE(made.error().what.find(part), std::string::npos) << made.error().what;
  };
  expect("", pair().key, "certificate: no PEM certificate");
  expect(pair().key, pair().key, "certificate: no PEM certificate");
  expect(pair().certificate, "", "key: no PEM private key");
  expect(pair().certificate, pair().certificate, "key: no PEM private key");
  expect(pair().certificate, other.key, "key: it does not belong to the certificate");
  expect(pair().certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", pair().key,
         "certificate: damaged chain");
  EXPECT_TRUE(TlsContext::server(pair().certificate + other.certificate, pair().key));
}

TEST(TlsContext, TellsWhatItShows) {
  auto key = generate_tls_key();
  auto cert = make_self_signed(*key, {"example.org"});
  auto facts = TlsContext::server(*cert, key->view()).value()->certificate();
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->self_signed);
  EXPECT_EQ(facts->fingerprint.size(), 64U);
  auto other = make_self_signed(*key, {"example.org"});
  EXPECT_NE(TlsContext::server(*other, key->view()).value()->certificate()->fingerprint, facts->fingerprint);
  auto days = (facts->expires - static_cast<std::uint64_t>(std::time(nullptr))) / 86400;
  EXPECT_NEAR(static_cast<double>(days), static_cast<double>(self_signed_days - self_signed_backdate_days),
              2);
  EXPECT_FALSE(TlsContext::client({}).value()->certificate());
}

TEST(TlsContext, AMissingCaFileIsAnError) {
  EXPECT_FALSE(TlsContext::client({.ca_file = "/nonexistent/ca.pem", .insecure = false}));
}

class Stealth : public Tls {
 public:
  // What the listener makes of a TLS client that sends `pieces`, one readiness at a time, and then ends.
  Opened open(std::vector<std::string> pieces,
              std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    Opened opened;
    tasks.spawn("listener", [](Stealth& self, Opened& opened, std::chrono::milliseconds patience) -> Task<> {
      auto result = co_await open_stealth(std::move(self.server_socket), self.server_context, soon(patience));
      EXPECT_TRUE(result);
      if (result) opened = std::move(*result);
    }(*this, opened, patience));
    tasks.spawn("guest", [](Stealth& self, std::vector<std::string> pieces) -> Task<> {
      auto executor = asio::any_io_executor(self.context.get_executor());
      self.client =
          *TlsStream::client(executor, std::move(self.client_socket), self.client_context, "example.org");
      EXPECT_TRUE(co_await self.client->handshake(soon()));
      for (const auto& piece : pieces) co_await write_all(*self.client, piece);
    }(*this, std::move(pieces)));
    context.run();
    return opened;
  }
};

TEST_F(Stealth, SshByteByByteIsSsh) {
  const auto opened = open({"S", "S", "H", "-", "2.", "0", "-", "x\r\n"});
  EXPECT_EQ(opened.guest, Guest::Ssh);
  EXPECT_EQ(opened.read.substr(0, 8), "SSH-2.0-");
  EXPECT_EQ(opened.server_name, "example.org");
}

TEST_F(Stealth, ARequestIsTheWebSideWithItsBytes) {
  const auto opened = open({"GET / HTTP/1.1\r\n"});
  EXPECT_EQ(opened.guest, Guest::Web);
  EXPECT_EQ(opened.read, "GET / HTTP/1.1\r\n");
}

TEST_F(Stealth, APartOfTheOpeningUntilTheDeadlineIsTheWebSide) {
  const auto opened = open({"SSH-"}, std::chrono::milliseconds(300));
  EXPECT_EQ(opened.guest, Guest::Web);
  EXPECT_EQ(opened.read, "SSH-");
}

TEST_F(Stealth, PlainTextOnTheTlsPortIsHandedOver) {
  Opened opened;
  tasks.spawn("listener", [](Stealth& self, Opened& opened) -> Task<> {
    opened = *co_await open_stealth(std::move(self.server_socket), self.server_context, soon());
  }(*this, opened));
  tasks.spawn("guest",
              [](Stealth& self) -> Task<> { co_await write_all(*self.client_socket, "GET /"); }(*this));
  context.run();
  EXPECT_EQ(opened.guest, Guest::PlainHttp);
  EXPECT_EQ(opened.read, "GET /");
  EXPECT_EQ(opened.stream->kind(), "tcp");
}

} // namespace
} // namespace alk::net::tls_test
