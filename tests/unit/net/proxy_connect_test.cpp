// The conversation with a proxy that the test plays.
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/proxy_connect.hpp"
#include "net/tcp_stream.hpp"

#include <asio/connect.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

namespace alk::net::proxy_connect_test {
namespace {

using namespace std::string_literals;
using Clock = std::chrono::steady_clock;
using Connect = Task<Proxied> (*)(std::unique_ptr<Stream>, ProxyTarget, Deadline);

constexpr const char* socks_done = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
const std::string socks_success(socks_done, 10);

// What the proxy waits for, and what it says then.
using Script = std::vector<std::pair<std::size_t, std::string>>;

class ProxyConnectTest : public testing::Test {
 protected:
  ProxyConnectTest() {
    asio::ip::tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket here(context_);
    here.connect(acceptor.local_endpoint());
    there_ = acceptor.accept();
    stream_ = std::make_unique<TcpStream>(std::move(here));
  }

  static Task<> play(ProxyConnectTest& self, Script script) {
    for (auto& [size, answer] : script) {
      std::string bytes(size, '\0');
      auto [failed, count] = co_await asio::async_read(self.there_, asio::buffer(bytes), loop::as_value);
      if (failed) co_return;
      self.heard_ += bytes;
      auto [error, sent] = co_await asio::async_write(self.there_, asio::buffer(answer), loop::as_value);
      if (error) co_return;
    }
    if (self.hang_up_) self.there_.close();
  }
  static Task<> ask(ProxyConnectTest& self, Connect connect, ProxyTarget target, Deadline deadline) {
    self.result_.emplace(co_await connect(std::move(self.stream_), std::move(target), deadline));
  }

  Proxied run(Connect connect, Script script, ProxyTarget target,
              Clock::duration patience = std::chrono::seconds(20)) {
    tasks_.spawn("proxy", play(*this, std::move(script)));
    tasks_.spawn("client", ask(*this, connect, std::move(target), Clock::now() + patience));
    context_.run();
    return std::move(*result_);
  }

  ProxyTarget as_nobody(const std::string& host = "name.test") { return {{host, 443}, std::nullopt}; }
  ProxyTarget as_ada(std::optional<std::string_view> password = "s3cret") {
    return {{"name.test", 443}, ProxyLogin{"ada", [this, password] {
                                             ++asked_;
                                             return password;
                                           }}};
  }

  asio::io_context context_{1};
  loop::TaskGroup tasks_{context_};
  asio::ip::tcp::socket there_{context_};
  std::unique_ptr<Stream> stream_;
  std::optional<Proxied> result_;
  std::string heard_;
  int asked_ = 0;
  bool hang_up_ = false;
};

const std::string socks_request = "\x05\x01\x00\x03\x09name.test\x01\xbb"s;
const std::string http_head = "CONNECT name.test:443 HTTP/1.1\r\nHost: name.test:443\r\n\r\n";

TEST_F(ProxyConnectTest, Socks5AsNobody) {
  auto result = run(connect_by_socks5, {{3, "\x05\x00"s}, {16, socks_success + "hello"}}, as_nobody());
  ASSERT_TRUE(result);
  EXPECT_EQ(heard_, "\x05\x01\x00"s + socks_request);
  std::array<std::byte, 16> bytes{};
  EXPECT_EQ((*result)->read(bytes).count, 5U); // what the target says belongs to the channel
}

TEST_F(ProxyConnectTest, Socks5WithAPassword) {
  auto result = run(connect_by_socks5, {{4, "\x05\x02"s}, {12, "\x01\x00"s}, {16, socks_success}}, as_ada());
  ASSERT_TRUE(result);
  EXPECT_EQ(heard_, "\x05\x02\x00\x02\x01\x03"s + "ada\x06s3cret" + socks_request);
  EXPECT_EQ(asked_, 1);
}

TEST_F(ProxyConnectTest, Socks5NeedsNoPasswordWhereNobodyAsks) {
  ASSERT_TRUE(run(connect_by_socks5, {{4, "\x05\x00"s}, {16, socks_success}}, as_ada()));
  EXPECT_EQ(asked_, 0);
}

TEST_F(ProxyConnectTest, Socks5TheLoginIsRefused) {
  EXPECT_EQ(run(connect_by_socks5, {{4, "\x05\x02"s}, {12, "\x01\x01"s}}, as_ada()).error(),
            ProxyFailure::Login);
}

TEST_F(ProxyConnectTest, Socks5WantsALoginThatNobodyGave) {
  EXPECT_EQ(run(connect_by_socks5, {{3, "\x05\x02"s}}, as_nobody()).error(), ProxyFailure::Login);
}

TEST_F(ProxyConnectTest, Socks5NoMethodFits) {
  EXPECT_EQ(run(connect_by_socks5, {{4, "\x05\xff"s}}, as_ada()).error(), ProxyFailure::Login);
}

TEST_F(ProxyConnectTest, Socks5ThePasswordIsGone) {
  EXPECT_EQ(run(connect_by_socks5, {{4, "\x05\x02"s}}, as_ada(std::nullopt)).error(),
            ProxyFailure::NoPassword);
  EXPECT_EQ(heard_, "\x05\x02\x00\x02"s);
}

TEST_F(ProxyConnectTest, Socks5TheTargetIsNotReached) {
  EXPECT_EQ(
      run(connect_by_socks5, {{3, "\x05\x00"s}, {16, "\x05\x05"s + socks_success.substr(2)}}, as_nobody())
          .error(),
      ProxyFailure::Target);
}

TEST_F(ProxyConnectTest, Socks5TheProxyDoesNotWantTo) {
  EXPECT_EQ(
      run(connect_by_socks5, {{3, "\x05\x00"s}, {16, "\x05\x02"s + socks_success.substr(2)}}, as_nobody())
          .error(),
      ProxyFailure::Forbidden);
}

TEST_F(ProxyConnectTest, Socks5SpeaksSomethingElse) {
  EXPECT_EQ(run(connect_by_socks5, {{3, "HTTP/1.1 400 Bad Request\r\n"}}, as_nobody()).error(),
            ProxyFailure::Malformed);
}

TEST_F(ProxyConnectTest, Socks5Ends) {
  hang_up_ = true;
  EXPECT_EQ(run(connect_by_socks5, {{3, "\x05"s}}, as_nobody()).error(), ProxyFailure::Ended);
}

TEST_F(ProxyConnectTest, Socks5IsTooSlow) {
  EXPECT_EQ(run(connect_by_socks5, {{3, "\x05"s}}, as_nobody(), std::chrono::milliseconds(20)).error(),
            ProxyFailure::Timeout);
}

TEST_F(ProxyConnectTest, HttpAsNobody) {
  auto result =
      run(connect_by_http, {{http_head.size(), "HTTP/1.1 200 OK\r\nA: b\r\n\r\nSSH-2.0-x\r\n"}}, as_nobody());
  ASSERT_TRUE(result);
  EXPECT_EQ(heard_, http_head);
  std::array<std::byte, 32> bytes{};
  EXPECT_EQ((*result)->read(bytes).count, 11U); // came with the head, and is not lost
}

TEST_F(ProxyConnectTest, HttpWithAPasswordToAnIpv6Address) {
  auto target = as_ada();
  target.place = {"2001:db8::1", 22};
  const std::string head = "CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n"
                           "Proxy-Authorization: Basic YWRhOnMzY3JldA==\r\n\r\n";
  ASSERT_TRUE(run(connect_by_http, {{head.size(), "HTTP/1.0 200\r\n\r\n"}}, std::move(target)));
  EXPECT_EQ(heard_, head);
}

TEST_F(ProxyConnectTest, HttpThePasswordIsGone) {
  EXPECT_EQ(run(connect_by_http, {}, as_ada(std::nullopt)).error(), ProxyFailure::NoPassword);
}

TEST_F(ProxyConnectTest, HttpTheHeadComesInPieces) {
  Script script{
      {http_head.size(), "HTTP/1.1 200 OK\r\nA: " + std::string(3000, 'x')}, {0, "\r\n\r"}, {0, "\n"}};
  EXPECT_TRUE(run(connect_by_http, std::move(script), as_nobody()));
}

struct Refusal {
  const char* head;
  ProxyFailure failure;
};
class HttpRefusal : public ProxyConnectTest, public testing::WithParamInterface<Refusal> {};

TEST_P(HttpRefusal, IsTold) {
  EXPECT_EQ(run(connect_by_http, {{http_head.size(), GetParam().head}}, as_nobody()).error(),
            GetParam().failure);
}

INSTANTIATE_TEST_SUITE_P(Heads, HttpRefusal,
                         testing::Values(Refusal{"HTTP/1.1 407 No\r\n\r\n", ProxyFailure::Login},
                                         Refusal{"HTTP/1.1 403 No\r\n\r\n", ProxyFailure::Forbidden},
                                         Refusal{"HTTP/1.1 302 No\r\n\r\n", ProxyFailure::Forbidden},
                                         Refusal{"HTTP/1.1 503 No\r\n\r\n", ProxyFailure::Target},
                                         Refusal{"SSH-2.0-OpenSSH\r\n", ProxyFailure::Malformed}));

TEST_F(ProxyConnectTest, HttpNamesThatNoHeadCanCarry) {
  EXPECT_EQ(run(connect_by_http, {}, as_nobody("a\r\nX: y")).error(), ProxyFailure::Target);
}

} // namespace
} // namespace alk::net::proxy_connect_test
