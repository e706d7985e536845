#include "base/fd.hpp"
#include "http_answer.hpp"
#include "metrics_http.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alk::alknetctl::metrics_http_test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

int status(std::string_view head) {
  return static_cast<int>(read_request(head).status);
}

TEST(HttpAnswer, ToWhatAScraperSends) {
  EXPECT_EQ(status("GET /metrics HTTP/1.1\r\nHost: localhost:10220\r\nAccept: */*\r\n\r\n"), 200);
  EXPECT_EQ(status("GET /metrics HTTP/1.0\r\n\r\n"), 200);
  EXPECT_EQ(status("GET /metrics HTTP/1.0\n\n"), 200);
  EXPECT_EQ(status("GET /metrics?a=b HTTP/1.1\r\nhOST:x\r\n\r\n"), 200);
  EXPECT_EQ(status("GET http://localhost:10220/metrics HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
  EXPECT_FALSE(read_request("GET /metrics HTTP/1.0\r\n\r\n").head_only);
  EXPECT_TRUE(read_request("HEAD /metrics HTTP/1.0\r\n\r\n").head_only);
}

TEST(HttpAnswer, ToAllElse) {
  EXPECT_EQ(status("GET / HTTP/1.0\r\n\r\n"), 404);
  EXPECT_EQ(status("GET /metrics/ HTTP/1.0\r\n\r\n"), 404);
  EXPECT_EQ(status("GET http://localhost HTTP/1.0\r\n\r\n"), 404);
  EXPECT_EQ(status("HEAD /other HTTP/1.0\r\n\r\n"), 404);
  EXPECT_EQ(status("POST /metrics HTTP/1.0\r\n\r\n"), 405);
  EXPECT_EQ(status("OPTIONS /metrics HTTP/1.0\r\n\r\n"), 405);
  for (const char* bad :
       {"", "\r\n\r\n", "GET /metrics HTTP/1.0\r\n", "GET /metrics\r\n\r\n", "GET  /metrics HTTP/1.0\r\n\r\n",
        "get /metrics HTTP/1.0\r\n\r\n", "GET metrics HTTP/1.0\r\n\r\n", "GET * HTTP/1.0\r\n\r\n",
        "GET /metrics HTTP/2.0\r\n\r\n", "GET /metrics HTTP/1.1\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /metrics HTTP/1.0\r\n\x01: b\r\n\r\n",
        "\x16\x03\x01\x02\n\n", "GET /met\rrics HTTP/1.0\r\n\r\n"})
    EXPECT_EQ(status(bad), 400) << bad;
}

TEST(HttpAnswer, SaysHowLongItIsAndThatItIsAll) {
  const std::string text = http_answer({HttpStatus::Ok, false}, "alknet_up 1\n");
  EXPECT_THAT(text,
              StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 12\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: close\r\n\r\nalknet_up 1\n"));
  EXPECT_THAT(http_answer({HttpStatus::Ok, true}, "alknet_up 1\n"), EndsWith("Connection: close\r\n\r\n"));
  EXPECT_THAT(http_answer({HttpStatus::Ok, true}, "alknet_up 1\n"), HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(http_answer({HttpStatus::MethodNotAllowed, false}, "secret"),
              HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(http_answer({HttpStatus::NotFound, false}, "secret"), EndsWith("\r\n\r\nNot Found\n"));
}

class MetricsHttp : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    here_.reset(ends[0]);
    there_.reset(ends[1]);
  }
  void send(std::string_view text) {
    ASSERT_EQ(::send(here_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // What the peer has got when the other side is done.
  std::string received() {
    there_.reset();
    std::string all;
    char part[4096];
    for (ssize_t count = 0; (count = ::recv(here_.get(), part, sizeof part, 0)) > 0;)
      all.append(part, static_cast<std::size_t>(count));
    return all;
  }
  Result<void> serve(Result<std::string> text, std::chrono::milliseconds patience = http_patience) {
    return serve_metrics(
        there_.get(),
        [this, text] {
          ++asked_;
          return text;
        },
        patience);
  }
  Fd here_, there_;
  int asked_ = 0;
};

TEST_F(MetricsHttp, AnswersOneRequest) {
  send("GET /metrics HTTP/1.0\r\n\r\n");
  ::shutdown(here_.get(), SHUT_WR);
  ASSERT_TRUE(serve(std::string("alknet_up 1\n")));
  EXPECT_THAT(received(), EndsWith("\r\n\r\nalknet_up 1\n"));
}

TEST_F(MetricsHttp, InPiecesAndWithABodyThatNobodyWants) {
  std::thread peer([this] {
    send("GET /met");
    send("rics HTTP/1.1\r\nHost: x\r\n");
    send("\r\n" + std::string(20000, 'x'));
    ::shutdown(here_.get(), SHUT_WR);
  });
  EXPECT_TRUE(serve(std::string("alknet_up 1\n")));
  peer.join();
  EXPECT_THAT(received(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsHttp, LongAnswersArriveWhole) {
  const std::string text(3'000'000, 'x');
  std::string got;
  send("GET /metrics HTTP/1.0\r\n\r\n");
  std::thread server([this, &text] { EXPECT_TRUE(serve(text)); });
  char part[65536];
  for (ssize_t count = 0; (count = ::recv(here_.get(), part, sizeof part, 0)) > 0;)
    got.append(part, static_cast<std::size_t>(count));
  here_.reset();
  server.join();
  EXPECT_THAT(got.size(), testing::Gt(text.size()));
}

TEST_F(MetricsHttp, NobodyIsAskedForWhatIsRefused) {
  send("DELETE /metrics HTTP/1.0\r\n\r\n");
  ::shutdown(here_.get(), SHUT_WR);
  EXPECT_TRUE(serve(std::string("alknet_up 1\n")));
  EXPECT_EQ(asked_, 0);
  EXPECT_THAT(received(), StartsWith("HTTP/1.1 405 "));
}

TEST_F(MetricsHttp, AHeadWithoutAnEndIsCut) {
  send(std::string(most_request_bytes + 1, 'x'));
  ::shutdown(here_.get(), SHUT_WR);
  EXPECT_TRUE(serve(std::string("alknet_up 1\n")));
  EXPECT_THAT(received(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(MetricsHttp, SilenceIsNotWaitedForLong) {
  EXPECT_TRUE(serve(std::string("alknet_up 1\n"), std::chrono::milliseconds(10)));
  EXPECT_EQ(received(), "");
  EXPECT_EQ(asked_, 0);
}

TEST_F(MetricsHttp, AnErrorIsNotToldToThePeer) {
  send("GET /metrics HTTP/1.0\r\n\r\n");
  ::shutdown(here_.get(), SHUT_WR);
  auto served = serve(fail(Kind::Denied, "the inner reason"));
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, Kind::Denied);
  const std::string text = received();
  EXPECT_THAT(text, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(text.find("reason"), std::string::npos);
}

TEST_F(MetricsHttp, APeerThatLeavesIsNoReasonToDie) {
  send("GET /metrics HTTP/1.0\r\n\r\n");
  here_.reset();
  auto served = serve(std::string(1'000'000, 'x'));
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, Kind::Gone);
}

TEST(MetricsHttpAlone, StandardInputMustBeAConnection) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd reading(ends[0]), writing(ends[1]);
  auto served = serve_metrics(reading.get(), [] { return Result<std::string>(std::string()); });
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, Kind::Invalid);
}

} // namespace
} // namespace alk::alknetctl::metrics_http_test
