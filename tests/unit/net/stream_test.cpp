#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/tcp_stream.hpp"

#include <array>

#include <asio/connect.hpp>
#include <gtest/gtest.h>

namespace alk::net::stream_test {
namespace {

using Clock = std::chrono::steady_clock;
using State = Transfer::State;

class StreamTest : public testing::Test {
 public:
  StreamTest() {
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket here(context);
    here.connect(acceptor.local_endpoint());
    there = acceptor.accept();
    stream = std::make_unique<TcpStream>(std::move(here));
  }

  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  asio::ip::tcp::socket there{context};
  std::unique_ptr<TcpStream> stream;
  std::array<std::byte, 16> buffer{};
};

TEST_F(StreamTest, NothingThereMeansAgain) {
  EXPECT_EQ(stream->read(buffer).state, State::Again);
}

TEST_F(StreamTest, ReadyResumesWhenBytesArrive) {
  std::string got;
  tasks.spawn("reader", [](StreamTest& self, std::string& got) -> Task<> {
    EXPECT_TRUE(co_await ready(*self.stream, Direction::Read));
    const auto moved = self.stream->read(self.buffer);
    EXPECT_EQ(moved.state, State::Done);
    got.assign(reinterpret_cast<const char*>(self.buffer.data()), moved.count);
  }(*this, got));
  there.send(asio::buffer("hello", 5));
  context.run();
  EXPECT_EQ(got, "hello");
}

TEST_F(StreamTest, AShortReadSaysThatNothingIsLeft) {
  tasks.spawn("reader", [](StreamTest& self) -> Task<> {
    EXPECT_TRUE(co_await ready(*self.stream, Direction::Read));
    EXPECT_FALSE(self.stream->read(std::span(self.buffer).first(3)).drained);
    EXPECT_TRUE(self.stream->read(self.buffer).drained);
  }(*this));
  there.send(asio::buffer("hello", 5));
  context.run();
}

TEST_F(StreamTest, EndAfterTheirFinAndFailureAfterReset) {
  there.shutdown(asio::socket_base::shutdown_send);
  tasks.spawn("reader", [](StreamTest& self) -> Task<> {
    EXPECT_TRUE(co_await ready(*self.stream, Direction::Read));
    EXPECT_EQ(self.stream->read(self.buffer).state, State::End);
    self.there.set_option(asio::socket_base::linger(true, 0));
    self.there.close();
    EXPECT_TRUE(co_await ready(*self.stream, Direction::Read));
    const auto moved = self.stream->write(self.buffer);
    EXPECT_EQ(moved.state, State::Failed);
    EXPECT_TRUE(moved.error);
  }(*this));
  context.run();
}

TEST_F(StreamTest, DeadlineLeavesTheStreamUsable) {
  tasks.spawn("reader", [](StreamTest& self) -> Task<> {
    const auto soon = Clock::now() + std::chrono::milliseconds(5);
    EXPECT_EQ(co_await ready_until(*self.stream, Direction::Read, soon), Wait::Timeout);
    self.there.send(asio::buffer("x", 1));
    const auto later = Clock::now() + std::chrono::seconds(10);
    EXPECT_EQ(co_await ready_until(*self.stream, Direction::Read, later), Wait::Ready);
  }(*this));
  context.run();
}

TEST_F(StreamTest, WritingStopsWithAgainAndGoesOnWhenDrained) {
  std::vector<std::byte> block(1 << 20);
  while (stream->write(block).state == State::Done) {
  }
  EXPECT_EQ(stream->write(block).state, State::Again);
  tasks.spawn("writer", [](StreamTest& self) -> Task<> {
    EXPECT_TRUE(co_await ready(*self.stream, Direction::Write));
    EXPECT_EQ(self.stream->write(self.buffer).state, State::Done);
  }(*this));
  there.non_blocking(true);
  asio::post(context, [&] {
    std::error_code error;
    while (there.receive(asio::buffer(block), 0, error) > 0 && !error) {
    }
  });
  context.run();
}

TEST_F(StreamTest, CloseEndsAWait) {
  bool by_close = true;
  tasks.spawn("closed", [](StreamTest& self, bool& result) -> Task<> {
    result = co_await ready(*self.stream, Direction::Read);
  }(*this, by_close));
  asio::post(context, [&] { stream->close(); });
  context.run();
  EXPECT_FALSE(by_close);
}

TEST_F(StreamTest, GroupCancelEndsAWait) {
  Wait result = Wait::Ready;
  tasks.spawn("cancelled", [](StreamTest& self, Wait& result) -> Task<> {
    result = co_await ready_until(*self.stream, Direction::Read, Clock::now() + std::chrono::seconds(30));
  }(*this, result));
  asio::post(context, [&] { tasks.cancel(); });
  context.run();
  EXPECT_EQ(result, Wait::Cancelled);
}

TEST_F(StreamTest, BothDirectionsWaitApart) {
  int reads = 0;
  int writes = 0;
  stream->wait(Direction::Read, [&](std::error_code error) { reads += error ? 100 : 1; });
  stream->wait(Direction::Write, [&](std::error_code error) {
    writes += error ? 100 : 1;
    stream->cancel(Direction::Read);
  });
  context.run();
  EXPECT_EQ(writes, 1);
  EXPECT_EQ(reads, 100);
}

} // namespace
} // namespace alk::net::stream_test
