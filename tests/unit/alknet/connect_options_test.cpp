#include "base/text.hpp"
#include "connect_options.hpp"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace alk::alknet::connect_options_test {
namespace {

const ConnectEnvironment somebody{"alice", "", "/home/alice", ""};

ConnectArguments minimal() {
  ConnectArguments arguments;
  arguments.server = "server.test";
  arguments.identity = "key";
  return arguments;
}

TEST(ConnectOptions, Defaults) {
  const auto options = *check_options(minimal(), somebody);
  EXPECT_EQ(options.server, (net::HostPort{"server.test", 22}));
  EXPECT_FALSE(options.tls);
  EXPECT_EQ(options.user, "alice");
  EXPECT_EQ(options.socks5.text(), "127.0.0.1:1080");
  EXPECT_EQ(options.known_hosts, "/home/alice/.config/alknet/known_hosts");
}

TEST(ConnectOptions, TlsDefaults) {
  auto arguments = minimal();
  arguments.transport = "tls";
  auto options = *check_options(arguments, somebody);
  EXPECT_EQ(options.server.port, 443);
  EXPECT_EQ(options.tls->server_name, "server.test");
  EXPECT_FALSE(options.tls->insecure);
  arguments.tls_server_name = "front.test";
  EXPECT_EQ(check_options(arguments, somebody)->tls->server_name, "front.test");
}

TEST(ConnectOptions, UserNameInOrder) {
  auto arguments = minimal();
  EXPECT_EQ(check_options(arguments, {"", "bob", "/h", ""})->user, "bob");
  EXPECT_EQ(check_options(arguments, {"", "", "/h", ""})->user, "alknet");
  arguments.user = "carol";
  EXPECT_EQ(check_options(arguments, somebody)->user, "carol");
}

TEST(ConnectOptions, TlsOptionsNeedTls) {
  for (int which = 0; which < 3; ++which) {
    auto arguments = minimal();
    if (which == 0) arguments.insecure = true;
    if (which == 1) arguments.ca_file = "ca.pem";
    if (which == 2) arguments.tls_server_name = "a.test";
    const auto options = check_options(arguments, somebody);
    ASSERT_FALSE(options) << which;
    EXPECT_NE(options.error().what.find("incompatible"), std::string::npos);
  }
}

TEST(ConnectOptions, LaterFeaturesAreNamed) {
  auto arguments = minimal();
  arguments.proxy = "socks5://127.0.0.1:1";
  EXPECT_NE(check_options(arguments, somebody).error().what.find("--proxy is not available"),
            std::string::npos);
  arguments = minimal();
  arguments.remote_forwards = {"80:a:80"};
  EXPECT_EQ(check_options(arguments, somebody).error().kind, Kind::Unsupported);
  arguments = minimal();
  arguments.transport = "iroh";
  EXPECT_EQ(check_options(arguments, somebody).error().kind, Kind::Unsupported);
}

TEST(ConnectOptions, SocksAddress) {
  auto arguments = minimal();
  arguments.socks5 = "localhost:0";
  EXPECT_EQ(check_options(arguments, somebody)->socks5.text(), "127.0.0.1:0");
  arguments.socks5 = "[::1]:1080";
  EXPECT_EQ(check_options(arguments, somebody)->socks5.text(), "[::1]:1080");
  for (const char* text : {"", "1080", "127.0.0.1", "name.test:1080", "127.0.0.1:99999"}) {
    arguments.socks5 = text;
    EXPECT_FALSE(check_options(arguments, somebody)) << text;
  }
}

TEST(ConnectOptions, ForwardsAreCheckedAndNamed) {
  auto arguments = minimal();
  arguments.forwards = {"5432:db.test:5432", "[::1]:80:web.test:80"};
  EXPECT_EQ(check_options(arguments, somebody)->forwards.size(), 2u);
  arguments.forwards.push_back("80:nobody");
  EXPECT_NE(check_options(arguments, somebody).error().what.find("80:nobody"), std::string::npos);
}

TEST(ConnectOptions, KnownHostsPlaces) {
  auto arguments = minimal();
  EXPECT_EQ(check_options(arguments, {"", "", "/h", "/conf"})->known_hosts, "/conf/alknet/known_hosts");
  EXPECT_EQ(check_options(arguments, {"", "", "/h", "relative"})->known_hosts,
            "/h/.config/alknet/known_hosts");
  EXPECT_FALSE(check_options(arguments, {}));
  arguments.host_key = "SHA256:abc";
  EXPECT_EQ(check_options(arguments, {})->host_key_pin, "SHA256:abc");
  arguments.host_key.clear();
  arguments.known_hosts = "mine";
  EXPECT_EQ(check_options(arguments, somebody)->known_hosts, "mine");
}

TEST(ConnectOptions, PinFromAFile) {
  std::string directory = testing::TempDir() + "connect_options_XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  auto arguments = minimal();
  arguments.host_key = directory + "/host.pub";
  EXPECT_EQ(check_options(arguments, somebody).error().kind, Kind::NotFound);
  ASSERT_TRUE(write_file_atomically(arguments.host_key, "ssh-ed25519 AAAA", 0644));
  EXPECT_EQ(check_options(arguments, somebody)->host_key_pin, "ssh-ed25519 AAAA");
  std::filesystem::remove_all(directory);
}

} // namespace
} // namespace alk::alknet::connect_options_test
