#include "net/http_connect.hpp"

#include <gtest/gtest.h>

namespace alk::net::http_connect_test {
namespace {

using State = Socks5::State;

std::string status_of(HttpConnect& http) {
  const auto output = http.take_output();
  EXPECT_TRUE(output.starts_with("HTTP/1.1 ")) << output;
  EXPECT_TRUE(output.ends_with("\r\n\r\n"));
  return output.substr(9, 3);
}

TEST(HttpConnect, NameAddressAndRest) {
  HttpConnect http;
  EXPECT_EQ(http.feed("CONNECT name.test:443 HTTP/1.1\r\nHost: name.test:443\r\n\r\nearly"), State::Request);
  EXPECT_EQ(http.target().host, "name.test");
  EXPECT_EQ(http.target().port, 443);
  EXPECT_EQ(http.take_rest(), "early");
  EXPECT_EQ(http.take_output(), "");
  HttpConnect six;
  EXPECT_EQ(six.feed("CONNECT [2001:db8::1]:80 HTTP/1.0\r\n\r\n"), State::Request);
  EXPECT_EQ(six.target().host, "2001:db8::1");
}

TEST(HttpConnect, OneByteAtATime) {
  HttpConnect http;
  const std::string head = "CONNECT a.test:1 HTTP/1.1\r\nA: b\r\n\r\n";
  for (std::size_t i = 0; i + 1 < head.size(); ++i)
    ASSERT_EQ(http.feed(head.substr(i, 1)), State::NeedMore) << i;
  EXPECT_EQ(http.feed("\n"), State::Request);
}

TEST(HttpConnect, OtherMethods) {
  for (const char* head :
       {"GET / HTTP/1.1\r\n\r\n", "POST http://a.test/ HTTP/1.1\r\n\r\n", "connect a:1 HTTP/1.1\r\n\r\n"}) {
    HttpConnect http;
    EXPECT_EQ(http.feed(head), State::Refused);
    EXPECT_EQ(status_of(http), "405");
  }
}

TEST(HttpConnect, BadRequests) {
  for (std::string head :
       {"CONNECT a.test HTTP/1.1", "CONNECT a.test:0 HTTP/1.1", "CONNECT a.test:70000 HTTP/1.1",
        "CONNECT  a.test:1 HTTP/1.1", "CONNECT a.test:1", "CONNECT a.test:1 HTTP/2.0",
        "CONNECT user@a.test:1 HTTP/1.1", "CONNECT ::1:1 HTTP/1.1", "CONNECT a.test:1 HTTP/1.1\nA: b",
        "CONNECT a.test:1 HTTP/1.1\r\nA: \x01", "CONNECT :1 HTTP/1.1"}) {
    HttpConnect http;
    EXPECT_EQ(http.feed(head + "\r\n\r\n"), State::Refused) << head;
    EXPECT_EQ(status_of(http), "400") << head;
  }
}

TEST(HttpConnect, ReservedName) {
  HttpConnect http;
  EXPECT_EQ(http.feed("CONNECT alknet-control:1 HTTP/1.1\r\n\r\n"), State::Refused);
  EXPECT_EQ(status_of(http), "403");
}

TEST(HttpConnect, EndlessHead) {
  HttpConnect http;
  const std::string piece = "A: " + std::string(1000, 'x') + "\r\n";
  auto state = http.feed("CONNECT a.test:1 HTTP/1.1\r\n");
  for (int i = 0; i < 20 && state == State::NeedMore; ++i) state = http.feed(piece);
  EXPECT_EQ(state, State::Refused);
  EXPECT_EQ(status_of(http), "431");
}

TEST(HttpConnect, Replies) {
  EXPECT_EQ(http_connect_reply(SocksReply::Succeeded), "HTTP/1.1 200 Connection established\r\n\r\n");
  EXPECT_TRUE(http_connect_reply(SocksReply::NotAllowed).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(http_connect_reply(SocksReply::ConnectionRefused).starts_with("HTTP/1.1 502 "));
}

TEST(ProxyRequest, FirstByteDecides) {
  ProxyRequest socks;
  EXPECT_EQ(socks.feed(std::string("\x05\x01\x00", 3)), State::NeedMore);
  EXPECT_EQ(socks.take_output(), std::string("\x05\x00", 2));
  EXPECT_EQ(socks.reply(SocksReply::Succeeded), socks_reply(SocksReply::Succeeded));
  ProxyRequest http;
  EXPECT_EQ(http.feed("C"), State::NeedMore);
  EXPECT_EQ(http.feed("ONNECT a.test:1 HTTP/1.1\r\n\r\n"), State::Request);
  EXPECT_EQ(http.target().port, 1);
  EXPECT_TRUE(http.reply(SocksReply::Succeeded).starts_with("HTTP/1.1 200"));
  for (const char* other : {"\x04\x01", "\x16\x03", "get / HTTP/1.1\r\n\r\n"}) {
    ProxyRequest silent;
    EXPECT_EQ(silent.feed(other), State::Refused);
    EXPECT_EQ(silent.take_output(), "");
  }
}

} // namespace
} // namespace alk::net::http_connect_test
