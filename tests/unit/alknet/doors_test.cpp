#include "doors.hpp"

#include <gtest/gtest.h>

namespace alk::alknet::doors_test {
namespace {

TEST(SocksCode, FinestThatIsKnown) {
  EXPECT_EQ(socks_code(ssh::OpenFailure::Prohibited), net::SocksReply::NotAllowed);
  EXPECT_EQ(socks_code(ssh::OpenFailure::Refused), net::SocksReply::ConnectionRefused);
  EXPECT_EQ(socks_code(ssh::OpenFailure::ConnectFailed), net::SocksReply::HostUnreachable);
  EXPECT_EQ(socks_code(ssh::OpenFailure::Other), net::SocksReply::GeneralFailure);
  EXPECT_EQ(socks_code(ssh::OpenFailure::SessionOver), net::SocksReply::ConnectionRefused);
}

} // namespace
} // namespace alk::alknet::doors_test
