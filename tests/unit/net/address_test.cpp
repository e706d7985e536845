#include "net/address.hpp"
#include "net/tcp_endpoint.hpp"

#include <gtest/gtest.h>

namespace alk::net::address_test {
namespace {

TEST(Address, LiteralsOfBothFamilies) {
  EXPECT_EQ(parse_address("192.0.2.1", 22)->text(), "192.0.2.1:22");
  EXPECT_EQ(parse_address("2001:DB8::1", 22)->text(), "[2001:db8::1]:22");
  EXPECT_EQ(parse_address("::ffff:192.0.2.1", 22)->text(), "192.0.2.1:22");
}

TEST(Address, NotLiterals) {
  for (const char* text :
       {"", "127.1", "0x7f.0.0.1", "1.2.3.4.5", "example.com", "[::1]", "fe80::1%lo", "1.2.3.256"})
    EXPECT_FALSE(parse_address(text, 1)) << text;
  EXPECT_FALSE(parse_address(std::string_view("127.0.0.1\0.x", 12), 1));
  EXPECT_FALSE(parse_address(std::string(4096, '1'), 1));
}

TEST(Address, WithPort) {
  EXPECT_EQ(parse_address_and_port("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_address_and_port("[::1]:1080")->text(), "[::1]:1080");
  for (const char* text : {"127.0.0.1", "::1:80", "[127.0.0.1]:80", "[::1]", "127.0.0.1:65536",
                           "127.0.0.1:", ":80", "[]:80", "localhost:80"})
    EXPECT_FALSE(parse_address_and_port(text)) << text;
}

TEST(Address, Loopback) {
  EXPECT_TRUE(parse_address("127.9.9.9", 1)->is_loopback());
  EXPECT_TRUE(parse_address("::1", 1)->is_loopback());
  EXPECT_TRUE(parse_address("::ffff:127.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(parse_address("0.0.0.0", 1)->is_loopback());
  EXPECT_FALSE(parse_address("::", 1)->is_loopback());
  EXPECT_FALSE(Address{}.is_loopback());
}

TEST(Address, AsioEndpointsThereAndBack) {
  for (const char* text : {"192.0.2.1:22", "[2001:db8::1]:443"}) {
    const auto address = *parse_address_and_port(text);
    EXPECT_EQ(address_of(endpoint_of(address)), address);
  }
}

} // namespace
} // namespace alk::net::address_test
