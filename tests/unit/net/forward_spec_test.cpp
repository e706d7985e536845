#include "net/forward_spec.hpp"

#include <gtest/gtest.h>

namespace alk::net::forward_spec_test {
namespace {

TEST(ParseServer, AllForms) {
  EXPECT_EQ(*parse_server("example.com", 22), (HostPort{"example.com", 22}));
  EXPECT_EQ(*parse_server("example.com:2222", 22), (HostPort{"example.com", 2222}));
  EXPECT_EQ(*parse_server("192.0.2.1", 443), (HostPort{"192.0.2.1", 443}));
  EXPECT_EQ(*parse_server("192.0.2.1:8443", 443), (HostPort{"192.0.2.1", 8443}));
  EXPECT_EQ(*parse_server("[2001:db8::1]", 22), (HostPort{"2001:db8::1", 22}));
  EXPECT_EQ(*parse_server("[2001:db8::1]:2222", 22), (HostPort{"2001:db8::1", 2222}));
  EXPECT_EQ(*parse_server("2001:db8::1", 22), (HostPort{"2001:db8::1", 22}));
}

TEST(ParseServer, Wrong) {
  for (const char* text : {"", ":22", "host:", "host:0", "host:65536", "host:x", "a:b:c", "[::1", "[::1]x",
                           "[host]:22", "[127.0.0.1]:22", "user@host", "ho st", "[]:22", "host:22:"}) {
    const auto parsed = parse_server(text, 22);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, Kind::Invalid);
  }
}

TEST(ParseForward, ThreeAndFourParts) {
  auto spec = *parse_forward("5432:db.internal:5432");
  EXPECT_EQ(spec.bind.text(), "127.0.0.1:5432");
  EXPECT_EQ(spec.target, (HostPort{"db.internal", 5432}));
  spec = *parse_forward("0.0.0.0:8080:10.0.0.1:80");
  EXPECT_EQ(spec.bind.text(), "0.0.0.0:8080");
  EXPECT_EQ(spec.target, (HostPort{"10.0.0.1", 80}));
  spec = *parse_forward("[::1]:0:[2001:db8::1]:80");
  EXPECT_EQ(spec.bind.text(), "[::1]:0");
  EXPECT_EQ(spec.target, (HostPort{"2001:db8::1", 80}));
  EXPECT_EQ(parse_forward("localhost:1:a:2")->bind.text(), "127.0.0.1:1");
}

TEST(ParseForward, WrongOnesAreNamed) {
  for (const char* text : {"", "80", "80:host", "80:host:", "80:host:0", "80::80", "65536:host:80",
                           "x:host:80", "name.test:80:host:80", "1:2:3:4:5", "80:::1:80", "80:[::1:80",
                           "80:[host]:80", "80:ho st:80", "127.0.0.1:-1:host:80", ":80:host:80"}) {
    const auto parsed = parse_forward(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, Kind::Invalid);
    EXPECT_NE(parsed.error().what.find(text), std::string::npos);
  }
}

} // namespace
} // namespace alk::net::forward_spec_test
