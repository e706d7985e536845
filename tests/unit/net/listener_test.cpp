#include "loop/task_group.hpp"
#include "net/listener.hpp"
#include "net/prefix_stream.hpp"
#include "net/tcp_endpoint.hpp"

#include <string>

#include <asio/write.hpp>
#include <gtest/gtest.h>

namespace alk::net::listener_test {
namespace {

using asio::ip::tcp;

struct ListenerTest : testing::Test {
  asio::io_context loop;
  loop::TaskGroup group{loop};
  Address any = *parse_address("127.0.0.1", 0);
};

TEST_F(ListenerTest, RefusesBeforeListenAndAcceptsAfter) {
  auto listener = *Listener::bind(loop, any);
  EXPECT_NE(listener->address().port, 0);
  tcp::socket early(loop);
  std::error_code error;
  early.connect(endpoint_of(listener->address()), error);
  EXPECT_EQ(error, asio::error::connection_refused);

  ASSERT_TRUE(listener->listen());
  tcp::socket first(loop), second(loop);
  first.connect(endpoint_of(listener->address()));
  second.connect(endpoint_of(listener->address()));
  std::vector<Address> peers;
  group.spawn("accept", listener->run([&](std::unique_ptr<Stream>, const Address& peer) {
    peers.push_back(peer);
    if (peers.size() == 2) listener->close();
  }));
  loop.run();
  ASSERT_EQ(peers.size(), 2u);
  EXPECT_EQ(peers[0], address_of(first.local_endpoint()));
}

TEST_F(ListenerTest, PortInUse) {
  auto listener = *Listener::bind(loop, any);
  ASSERT_TRUE(listener->listen());
  auto second = Listener::bind(loop, listener->address());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::Conflict);
  EXPECT_NE(second.error().what.find(listener->address().text()), std::string::npos);
}

TEST_F(ListenerTest, AddressOfAnotherMachine) {
  auto listener = Listener::bind(loop, *parse_address("192.0.2.1", 0));
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind, Kind::Invalid);
}

TEST_F(ListenerTest, CancelEndsAccepting) {
  auto listener = *Listener::bind(loop, any);
  ASSERT_TRUE(listener->listen());
  group.spawn("accept", listener->run([](std::unique_ptr<Stream>, const Address&) {}));
  asio::post(loop, [&] { group.cancel(); });
  loop.run();
  EXPECT_EQ(group.size(), 0u);
}

struct PrefixStreamTest : ListenerTest {
  std::unique_ptr<Stream> accepted;
  tcp::socket far{loop};

  void SetUp() override {
    auto listener = *Listener::bind(loop, any);
    ASSERT_TRUE(listener->listen());
    far.connect(endpoint_of(listener->address()));
    group.spawn("accept", listener->run([&](std::unique_ptr<Stream> stream, const Address&) {
      accepted = std::move(stream);
      listener->close();
    }));
    loop.run();
    loop.restart();
  }
  std::string read(Stream& stream, std::size_t size) {
    std::string into(size, '\0');
    const auto moved = stream.read(std::as_writable_bytes(std::span(into)));
    return into.substr(0, moved.count);
  }
};

TEST_F(PrefixStreamTest, PrefixComesFirstInPieces) {
  auto stream = PrefixStream::make(loop.get_executor(), std::move(accepted), "early");
  asio::write(far, asio::buffer(std::string("late")));
  bool ready = false;
  stream->wait(Direction::Read, [&](std::error_code error) { ready = !error; });
  EXPECT_FALSE(ready);
  loop.run();
  EXPECT_TRUE(ready);
  EXPECT_EQ(read(*stream, 2), "ea");
  EXPECT_EQ(read(*stream, 100), "rly");
  loop.restart();
  ready = false;
  stream->wait(Direction::Read, [&](std::error_code error) { ready = !error; });
  loop.run();
  EXPECT_EQ(read(*stream, 100), "late");
}

TEST_F(PrefixStreamTest, NoPrefixNoWrapper) {
  Stream* below = accepted.get();
  EXPECT_EQ(PrefixStream::make(loop.get_executor(), std::move(accepted), "").get(), below);
}

} // namespace
} // namespace alk::net::listener_test
