// What a proxy is sent, and what its answers say.
#include "net/connect_client.hpp"
#include "net/socks5_client.hpp"

#include <gtest/gtest.h>

namespace alk::net::proxy_client_test {
namespace {

using namespace std::string_literals;
using Socks = SocksAnswer::State;
using Http = ConnectAnswer::State;

TEST(Socks5Client, Messages) {
  EXPECT_EQ(socks_greeting(false), "\x05\x01\x00"s);
  EXPECT_EQ(socks_greeting(true), "\x05\x02\x00\x02"s);
  EXPECT_EQ(socks_login("ada", "s3cret")->view(), "\x01\x03"
                                                  "ada\x06s3cret"s);
  EXPECT_EQ(socks_connect("192.0.2.1", 443).value(), "\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb"s);
  EXPECT_EQ(socks_connect("2001:db8::1", 22).value(),
            "\x05\x01\x00\x04\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01\x00\x16"s);
  EXPECT_EQ(socks_connect("name.test", 80).value(), "\x05\x01\x00\x03\x09name.test\x00\x50"s);
}

TEST(Socks5Client, WhatItsFieldsCannotCarry) {
  const std::string most(255, 'a'), more(256, 'a');
  EXPECT_TRUE(socks_login(most, most));
  for (const auto& [user, password] :
       {std::pair(more, "x"s), std::pair("x"s, more), std::pair("x"s, ""s), std::pair(""s, "x"s)})
    EXPECT_EQ(socks_login(user, password).error().kind, Kind::Invalid);
  EXPECT_TRUE(socks_connect(most, 1));
  EXPECT_FALSE(socks_connect(more, 1));
  EXPECT_FALSE(socks_connect("", 1));
}

// Byte by byte as `wanted` says; what stands behind the reply is never asked for.
void expect_answer(SocksAnswer (*read)(std::string_view), const std::string& reply, std::uint8_t code) {
  std::string bytes;
  for (SocksAnswer answer = read(bytes); answer.state == Socks::NeedMore; answer = read(bytes)) {
    ASSERT_GT(answer.wanted, bytes.size());
    ASSERT_LE(answer.wanted, reply.size());
    bytes += reply[bytes.size()];
  }
  EXPECT_EQ(bytes, reply);
  EXPECT_EQ(read(bytes).state, Socks::Done);
  EXPECT_EQ(read(bytes).code, code);
}

TEST(Socks5Client, Answers) {
  expect_answer(read_socks_method, "\x05\x00"s, 0);
  expect_answer(read_socks_method, "\x05\xff"s, 0xff);
  expect_answer(read_socks_login, "\x01\x00"s, 0);
  expect_answer(read_socks_login, "\x01\x07"s, 7);
  expect_answer(read_socks_connect, "\x05\x00\x00\x01\x01\x02\x03\x04\x00\x50"s, 0);
  expect_answer(read_socks_connect, "\x05\x04\x00\x04"s + std::string(18, 'x'), 4);
  expect_answer(read_socks_connect, "\x05\x02\x00\x03\x00\x00\x00"s, 2);
  expect_answer(read_socks_connect, "\x05\x00\x00\x03\xff"s + std::string(257, 'x'), 0);
}

TEST(Socks5Client, WhatIsNoAnswer) {
  for (const std::string& bytes : {"\x04\x00"s, "HTTP"s, "\x04"s})
    EXPECT_EQ(read_socks_method(bytes.substr(0, 2)).state, Socks::Malformed);
  EXPECT_EQ(read_socks_login("\x05\x00"s).state, Socks::Malformed);
  EXPECT_EQ(read_socks_connect("\x04"s).state, Socks::Malformed);
  for (char type : {'\x00', '\x02', '\x05', '\xff'})
    EXPECT_EQ(read_socks_connect("\x05\x00\x00"s + type).state, Socks::Malformed);
}

TEST(ConnectClient, Requests) {
  EXPECT_EQ(connect_request("name.test:443", "", "")->view(),
            "CONNECT name.test:443 HTTP/1.1\r\nHost: name.test:443\r\n\r\n");
  EXPECT_EQ(connect_request("[2001:db8::1]:22", "Aladdin", "open sesame")->view(),
            "CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n"
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"); // RFC 7617 section 2
}

TEST(ConnectClient, NothingIsSmuggledIntoARequest) {
  for (const char* authority : {"", "a b:1", "a:1\r\nX: y", "a@b:1", "a/b:1", "\xc3\xa4:1", "a\t:1"})
    EXPECT_EQ(connect_request(authority, "", "").error().kind, Kind::Invalid) << authority;
  EXPECT_FALSE(connect_request("a:1", "ada", ""));
  EXPECT_FALSE(connect_request("a:1", "ada", std::string(1025, 'x')));
  EXPECT_TRUE(connect_request("a:1", "ada", std::string(1024, 'x')));
}

void expect_status(const std::string& head, std::uint32_t status) {
  for (std::size_t size = 0; size < head.size(); ++size)
    ASSERT_EQ(read_connect_answer(head.substr(0, size)).state, Http::NeedMore) << size;
  const auto answer = read_connect_answer(head + "SSH-2.0-\n\0"s);
  EXPECT_EQ(answer.state, Http::Done);
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.size, head.size());
}

TEST(ConnectClient, Answers) {
  expect_status("HTTP/1.1 200 Connection established\r\n\r\n", 200);
  expect_status("HTTP/1.0 200\r\n\r\n", 200);
  expect_status("HTTP/1.1 299 \r\nContent-Length: 5\r\n\r\n", 299);
  expect_status("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", 407);
  expect_status("HTTP/1.1 503 \xc3\xa4\r\nA:\tb\r\n\r\n", 503);
  expect_status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200);
}

TEST(ConnectClient, WhatIsNoAnswer) {
  for (const std::string& bytes :
       {"SSH-2.0-OpenSSH\r\n"s, "HTTP/2 200\r\n\r\n"s, "HTTP/1.1 2000 x\r\n\r\n"s, "HTTP/1.1 20 x\r\n\r\n"s,
        "HTTP/1.1  200 x\r\n\r\n"s, "HTTP/1.1 +20 x\r\n\r\n"s, "HTTP/1.1 600 x\r\n\r\n"s,
        "HTTP/1.1 099 x\r\n\r\n"s, "HTTP/1.1 101 Switching\r\n\r\n"s, "HTTP/1.1 200x\r\n\r\n"s,
        "HTTP/1.1 200 OK\nA: b\r\n\r\n"s, "HTTP/1.1 200 OK\rA: b\r\n\r\n"s, "HTTP/1.1 200 \0\r\n\r\n"s,
        "HTTP/1.x 200 OK\r\n\r\n"s, "HTTP/1.1 200 OK\r\n\n"s, "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"s,
        "HTTP/1.1 100 x\r\n\r\nelse"s})
    EXPECT_EQ(read_connect_answer(bytes).state, Http::Malformed) << bytes;
}

TEST(ConnectClient, AHeadHasAnEnd) {
  const std::string begin = "HTTP/1.1 200 OK\r\nA: ";
  auto head = [&](std::size_t size) {
    return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(read_connect_answer(head(connect_head_limit)).state, Http::Done);
  EXPECT_EQ(read_connect_answer(head(connect_head_limit + 1)).state, Http::Malformed);
  EXPECT_EQ(read_connect_answer(head(connect_head_limit + 9).substr(0, connect_head_limit)).state,
            Http::Malformed);
  std::string interim;
  while (interim.size() < connect_head_limit) interim += "HTTP/1.1 100 x\r\n\r\n";
  EXPECT_EQ(read_connect_answer(interim).state, Http::Malformed);
}

} // namespace
} // namespace alk::net::proxy_client_test
