#include "bus/socket_address.hpp"

#include <gtest/gtest.h>

namespace alk::bus::socket_address_test {

TEST(SocketAddress, EscapesWhatTheSpecificationAsksFor) {
  EXPECT_EQ(socket_address("/home/me/.alknet/bus"), "unix:path=/home/me/.alknet/bus");
  EXPECT_EQ(socket_address("/a b/c,d;e=f%/\xc3\xa4/bus"), "unix:path=/a%20b/c%2cd%3be%3df%25/%c3%a4/bus");
}

TEST(SocketAddress, GoesThroughTheDescriptorWhenThePathIsTooLong) {
  std::string longest = "/" + std::string(socket_path_limit - 5, 'a');
  EXPECT_EQ(socket_address(longest, "bus", 9), "unix:path=" + longest + "/bus");
  EXPECT_EQ(socket_address(longest + "a", "bus", 9), "unix:path=/proc/self/fd/9/bus");
}

} // namespace alk::bus::socket_address_test
