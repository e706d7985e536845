// Whole conversations with the web side over loopback, without TLS: what is sent, and how it ends.
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/tcp_stream.hpp"
#include "web_connection.hpp"

#include <asio/write.hpp>
#include <gtest/gtest.h>

namespace alk::listend::web_connection_test {
namespace {

using Clock = std::chrono::steady_clock;

// Watches how the connection was ended.
class Observed final : public net::Stream {
 public:
  Observed(std::unique_ptr<net::Stream> below, bool& polite) : below_(std::move(below)), polite_(polite) {}
  net::Transfer read(std::span<std::byte> into) override { return below_->read(into); }
  net::Transfer write(std::span<const std::byte> from) override { return below_->write(from); }
  void wait(net::Direction direction, std::function<void(std::error_code)> ready) override {
    below_->wait(direction, std::move(ready));
  }
  void cancel(net::Direction direction) override { below_->cancel(direction); }
  void announce_end() override { polite_ = true; }
  void shutdown_write() override {
    announce_end();
    below_->shutdown_write();
  }
  void close() override { below_->close(); }
  std::string_view kind() const override { return "test"; }

 private:
  std::unique_ptr<net::Stream> below_;
  bool& polite_;
};

struct Result {
  std::string received;
  bool polite = false;
};

// Serves one connection: `early` has been read before, `sent` comes now, then the peer ends (or stays
// silent).
Result converse(std::string early, std::string sent, bool peer_ends = true, bool plain = false,
                std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket peer(context);
  peer.connect(acceptor.local_endpoint());
  auto stream = std::make_unique<net::TcpStream>(acceptor.accept());
  asio::write(peer, asio::buffer(sent));
  if (peer_ends) peer.shutdown(asio::socket_base::shutdown_send);
  Result result;
  WebVisit visit{std::move(early), Clock::now() + patience, plain, {}};
  auto site = std::make_shared<const WebSite>();
  tasks.spawn(
      "web", serve_web(std::make_unique<Observed>(std::move(stream), result.polite), site, std::move(visit)));
  context.run();
  std::error_code error;
  std::string buffer(1 << 16, '\0');
  while (const auto count = peer.read_some(asio::buffer(buffer), error))
    result.received.append(buffer, 0, count);
  return result;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

const std::string kept = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST(WebConnection, AnswersWhatWasReadBeforeAndWhatFollows) {
  const auto result = converse(kept.substr(0, 7), kept.substr(7) + kept + closing);
  EXPECT_EQ(count(result.received, "HTTP/1.1 404 Not Found\r\n"), 3U);
  EXPECT_EQ(count(result.received, "Connection: keep-alive\r\n"), 2U);
  EXPECT_EQ(count(result.received, "Connection: close\r\n"), 1U);
  EXPECT_TRUE(result.polite);
}

TEST(WebConnection, SilenceIsEndedPolitelyAndHalfARequestIsNot) {
  const auto soon = std::chrono::milliseconds(5);
  EXPECT_TRUE(converse("", "", false, false, soon).polite);
  const auto half = converse("GET / HT", "", false, false, soon);
  EXPECT_FALSE(half.polite);
  EXPECT_EQ(half.received, "");
  EXPECT_FALSE(converse("SSH-", "", false, false, soon).polite);
}

TEST(WebConnection, AnEndInTheMiddleOfARequestIsQuiet) {
  EXPECT_TRUE(converse("", "").polite);
  const auto half = converse("", "GET / HTTP/1.1\r\nHo");
  EXPECT_FALSE(half.polite);
  EXPECT_EQ(half.received, "");
}

TEST(WebConnection, BadRequestsAreAnsweredAndEnded) {
  const auto result = converse("", "\x01" + kept);
  EXPECT_EQ(count(result.received, "HTTP/1.1 400 Bad Request\r\n"), 1U);
  EXPECT_EQ(count(result.received, "404"), 0U);
}

TEST(WebConnection, OldestHttpGetsNoHead) {
  EXPECT_TRUE(converse("", "GET /\r\n").received.starts_with("<html>\r\n<head><title>404"));
}

TEST(WebConnection, HeadGetsNoBody) {
  EXPECT_TRUE(converse("", "HEAD / HTTP/1.0\r\n\r\n").received.ends_with("\r\n\r\n"));
}

TEST(WebConnection, BodiesAreSkippedBetweenRequests) {
  const std::string post =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n" + std::string(9000, 'x');
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const auto result = converse("", post + chunked + closing);
  EXPECT_EQ(count(result.received, "HTTP/1.1 404 Not Found\r\n"), 3U);
}

TEST(WebConnection, BadChunksAreAnsweredOnceAndEnded) {
  const auto result =
      converse("", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz" + kept);
  EXPECT_EQ(count(result.received, "HTTP/1.1 404"), 1U);
  EXPECT_EQ(count(result.received, "Connection: close\r\n"), 1U);
}

TEST(WebConnection, TheThousandthRequestIsTheLast) {
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto result = converse("", many);
  EXPECT_EQ(count(result.received, "HTTP/1.1 404"), 1000U);
  EXPECT_EQ(count(result.received, "Connection: close\r\n"), 1U);
}

TEST(WebConnection, PlainHttpOnTheTlsPort) {
  const auto result = converse("G", kept.substr(1) + kept, true, true);
  EXPECT_EQ(count(result.received, "The plain HTTP request was sent to HTTPS port</title>"), 1U);
  EXPECT_EQ(count(result.received, "HTTP/1.1 400 Bad Request\r\n"), 1U);
  EXPECT_NE(converse("", "BAD\x01", true, true).received.find("<title>400 Bad Request"), std::string::npos);
}

// Input without end, always ready; output goes nowhere.
class Flood final : public net::Stream {
 public:
  Flood(std::string head, char filler) : head_(std::move(head)), filler_(filler) {}
  net::Transfer read(std::span<std::byte> into) override {
    const auto from_head = std::min(head_.size(), into.size());
    std::fill(into.begin(), into.end(), static_cast<std::byte>(filler_));
    std::copy_n(std::as_bytes(std::span(head_)).begin(), from_head, into.begin());
    head_.erase(0, from_head);
    return {net::Transfer::State::Done, into.size(), {}};
  }
  net::Transfer write(std::span<const std::byte> from) override {
    return {net::Transfer::State::Done, from.size(), {}};
  }
  void wait(net::Direction, std::function<void(std::error_code)>) override {}
  void cancel(net::Direction) override {}
  void shutdown_write() override {}
  void close() override {}
  std::string_view kind() const override { return "flood"; }

 private:
  std::string head_;
  char filler_;
};

// How often another task of the loop had its turn while the flood was served.
int turns_during(std::unique_ptr<net::Stream> flood, std::chrono::milliseconds patience) {
  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  WebVisit visit{{}, Clock::now() + patience, false, {}};
  tasks.spawn("web", serve_web(std::move(flood), std::make_shared<WebSite>(), std::move(visit)));
  int turns = 0;
  for (; tasks.size() > 0 && turns < 100; ++turns) context.run_one();
  tasks.cancel();
  context.run();
  return turns;
}

TEST(WebConnection, AFloodOfLineBreaksMeetsTheDeadline) {
  const int turns = turns_during(std::make_unique<Flood>("", '\n'), std::chrono::milliseconds(0));
  EXPECT_LT(turns, 100);
}

TEST(WebConnection, AnEndlessBodyLeavesTurnsToOthers) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000000\r\n\r\n";
  EXPECT_EQ(turns_during(std::make_unique<Flood>(head, 'x'), std::chrono::seconds(20)), 100);
}

TEST(WebConnection, CancellingEndsIt) {
  asio::io_context context{1};
  loop::TaskGroup tasks{context};
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket peer(context);
  peer.connect(acceptor.local_endpoint());
  WebVisit visit{{}, Clock::now() + std::chrono::hours(1), false, {}};
  tasks.spawn("web", serve_web(std::make_unique<net::TcpStream>(acceptor.accept()),
                               std::make_shared<WebSite>(), visit));
  asio::post(context, [&] { tasks.cancel(); });
  context.run();
  EXPECT_EQ(tasks.size(), 0U);
}

} // namespace
} // namespace alk::listend::web_connection_test
