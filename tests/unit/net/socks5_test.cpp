#include "net/socks5.hpp"

#include <gtest/gtest.h>

namespace alk::net::socks5_test {
namespace {

using State = Socks5::State;

std::string bytes(std::initializer_list<int> values, std::string_view text = {},
                  std::initializer_list<int> more = {}) {
  std::string made;
  for (int value : values) made += static_cast<char>(value);
  made += text;
  for (int value : more) made += static_cast<char>(value);
  return made;
}

const std::string hello = bytes({5, 1, 0});
const std::string name_request = bytes({5, 1, 0, 3, 9}, "name.test", {0, 80});

std::string reply_code(int code) {
  return bytes({5, code, 0, 1, 0, 0, 0, 0, 0, 0});
}

TEST(Socks5, NegotiatesAndTakesAName) {
  Socks5 socks;
  EXPECT_EQ(socks.feed(hello), State::NeedMore);
  EXPECT_EQ(socks.take_output(), bytes({5, 0}));
  EXPECT_EQ(socks.feed(name_request), State::Request);
  EXPECT_EQ(socks.take_output(), "");
  EXPECT_EQ(socks.target().host, "name.test");
  EXPECT_EQ(socks.target().port, 80);
}

TEST(Socks5, AddressesOfBothFamilies) {
  Socks5 four;
  EXPECT_EQ(four.feed(hello + bytes({5, 1, 0, 1, 192, 0, 2, 1, 0x1f, 0x90})), State::Request);
  EXPECT_EQ(four.target().host, "192.0.2.1");
  EXPECT_EQ(four.target().port, 8080);
  Socks5 six;
  EXPECT_EQ(
      six.feed(hello + bytes({5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xbb})),
      State::Request);
  EXPECT_EQ(six.target().host, "2001:db8::1");
  EXPECT_EQ(six.target().port, 443);
}

TEST(Socks5, OneByteAtATime) {
  Socks5 socks;
  const auto all = hello + name_request;
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    ASSERT_EQ(socks.feed(all.substr(i, 1)), State::NeedMore) << i;
  EXPECT_EQ(socks.feed(all.substr(all.size() - 1)), State::Request);
}

TEST(Socks5, EagerDataIsKept) {
  Socks5 socks;
  EXPECT_EQ(socks.feed(hello + name_request + "GET /"), State::Request);
  EXPECT_EQ(socks.feed(" HTTP"), State::Request);
  EXPECT_EQ(socks.take_rest(), "GET / HTTP");
}

TEST(Socks5, NoAcceptableMethod) {
  Socks5 socks;
  EXPECT_EQ(socks.feed(bytes({5, 2, 1, 2})), State::Refused);
  EXPECT_EQ(socks.take_output(), bytes({5, 0xff}));
  Socks5 none;
  EXPECT_EQ(none.feed(bytes({5, 0})), State::Refused);
  EXPECT_EQ(none.take_output(), bytes({5, 0xff}));
}

TEST(Socks5, MethodAmongOthers) {
  Socks5 socks;
  EXPECT_EQ(socks.feed(bytes({5, 3, 2, 1, 0})), State::NeedMore);
  EXPECT_EQ(socks.take_output(), bytes({5, 0}));
}

TEST(Socks5, OtherProtocolsAreDroppedWithoutAWord) {
  for (const auto& first :
       {bytes({4, 1}), std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x03\x01", 3)}) {
    Socks5 socks;
    EXPECT_EQ(socks.feed(first), State::Refused);
    EXPECT_EQ(socks.take_output(), "");
  }
}

struct Refusal {
  std::string request;
  int code;
};

TEST(Socks5, RefusalsWithTheirCodes) {
  const Refusal refusals[] = {
      {bytes({5, 2}), 7},                 // BIND
      {bytes({5, 3}), 7},                 // UDP ASSOCIATE
      {bytes({5, 0}), 7},                 //
      {bytes({5, 1, 0, 2}), 8},           // unknown address type
      {bytes({5, 1, 0, 0xff}), 8},        //
      {bytes({4, 1}), 1},                 // version changed its mind
      {bytes({5, 1, 0, 3, 0, 0, 80}), 1}, // empty name
      {bytes({5, 1, 0, 3, 3}, std::string_view("a\0b", 3), {0, 80}), 1},
      {bytes({5, 1, 0, 3, 14}, "alknet-control", {0, 0}), 2}, // reserved
  };
  for (const auto& [request, code] : refusals) {
    Socks5 socks;
    ASSERT_EQ(socks.feed(hello), State::NeedMore);
    socks.take_output();
    EXPECT_EQ(socks.feed(request), State::Refused) << code;
    EXPECT_EQ(socks.take_output(), reply_code(code));
  }
}

TEST(Socks5, ReservedNamesAreExactlyThese) {
  EXPECT_TRUE(is_reserved_name("alknet-"));
  EXPECT_TRUE(is_reserved_name("alknet-control"));
  EXPECT_FALSE(is_reserved_name("ALKNET-control"));
  EXPECT_FALSE(is_reserved_name("alknet.example.com"));
  EXPECT_FALSE(is_reserved_name("alknet"));
}

TEST(Socks5, LongestNameFitsTheLimit) {
  Socks5 socks;
  std::string greeting = bytes({5, 255}) + std::string(255, '\0');
  std::string request = bytes({5, 1, 0, 3, 255}) + std::string(255, 'x') + bytes({0, 80});
  EXPECT_EQ(greeting.size() + request.size(), socks_input_limit);
  EXPECT_EQ(socks.feed(greeting + request), State::Request);
  EXPECT_EQ(socks.target().host.size(), 255u);
}

TEST(Socks5, SuccessReply) {
  EXPECT_EQ(socks_reply(SocksReply::Succeeded), reply_code(0));
}

} // namespace
} // namespace alk::net::socks5_test
