#include "serve_listen.hpp"
#include "serve_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::alknet::serve_options_test {

using testing::HasSubstr;

static std::string complaint(const ServeOptions& options) {
  auto checked = check_options(options);
  if (checked) return {};
  EXPECT_EQ(checked.error().kind, Kind::Invalid);
  return checked.error().what;
}

TEST(ServeOptionsTest, NothingGivenIsTheEmbeddedDefault) {
  EXPECT_EQ(complaint({}), "");
  EXPECT_EQ(serve_mode({}), ServeMode::Embedded);
}

TEST(ServeOptionsTest, TransportListenAndConfigSwitchItOff) {
  EXPECT_EQ(serve_mode({.transport = "tcp"}), ServeMode::CommandLine);
  EXPECT_EQ(serve_mode({.listen = "127.0.0.1:0"}), ServeMode::CommandLine);
  EXPECT_EQ(serve_mode({.config = "a.toml"}), ServeMode::File);
  EXPECT_EQ(serve_mode({.key = "k", .max_auth_attempts = 3}), ServeMode::Embedded);
}

TEST(ServeOptionsTest, GoodCombinations) {
  EXPECT_EQ(complaint({.listen_tls = "[::1]:0", .listen_ssh = "none"}), "");
  EXPECT_EQ(complaint({.listen_tls = "none"}), "");
  EXPECT_EQ(
      complaint(
          {.transport = "tls", .listen = "0.0.0.0:443", .tls_cert = "c", .tls_key = "k", .stealth = true}),
      "");
  EXPECT_EQ(complaint({.listen_tls = "localhost:1", .config = "a.toml"}), "");
}

TEST(ServeOptionsTest, BadCombinationsAreNamed) {
  EXPECT_THAT(complaint({.listen_tls = "none", .listen_ssh = "none"}), HasSubstr("nothing to listen on"));
  EXPECT_THAT(complaint({.transport = "tcp", .stealth = true}), HasSubstr("--stealth needs --transport tls"));
  EXPECT_THAT(complaint({.listen = "1.2.3.4:22", .stealth = true}), HasSubstr("--stealth needs"));
  EXPECT_THAT(complaint({.transport = "tcp", .tls_cert = "c", .tls_key = "k"}),
              HasSubstr("--tls-cert needs"));
  EXPECT_THAT(complaint({.tls_cert = "c"}), HasSubstr("belong together"));
  EXPECT_THAT(complaint({.tls_key = "k"}), HasSubstr("belong together"));
  EXPECT_THAT(complaint({.listen_ssh = "127.0.0.1:1", .transport = "tcp"}), HasSubstr("cannot be combined"));
  EXPECT_THAT(complaint({.transport = "udp"}), HasSubstr("'udp' is not tcp or tls"));
  EXPECT_THAT(complaint({.listen_tls = "none", .stealth = true}), HasSubstr("nothing that --stealth"));
}

TEST(ServeOptionsTest, LaterFlagsSaySo) {
  EXPECT_EQ(complaint({.transport = "iroh"}), "--transport iroh: not available in this version");
  EXPECT_EQ(complaint({.unavailable = "--acme-domain"}), "--acme-domain: not available in this version");
}

TEST(ServeOptionsTest, ConfigStandsAlone) {
  for (ServeOptions options :
       {ServeOptions{.key = "k"}, ServeOptions{.authorized_keys = "a"}, ServeOptions{.transport = "tcp"},
        ServeOptions{.listen = "127.0.0.1:1"}, ServeOptions{.tls_cert = "c", .tls_key = "k"},
        ServeOptions{.max_connections_per_ip = 1}, ServeOptions{.max_auth_attempts = 1},
        ServeOptions{.stealth = true}}) {
    options.config = "alknet.toml";
    EXPECT_THAT(complaint(options), HasSubstr("--config cannot be combined"));
  }
}

TEST(ServeOptionsTest, AddressesAreChecked) {
  EXPECT_THAT(complaint({.listen_tls = "8443"}), HasSubstr("--listen-tls: '8443' is not ADDR:PORT"));
  EXPECT_THAT(complaint({.listen_ssh = "example.org:22"}), HasSubstr("--listen-ssh: "));
  EXPECT_THAT(complaint({.listen = "127.0.0.1:65536"}), HasSubstr("--listen: "));
}

TEST(EndpointTest, ReadsAndWritesBothFamilies) {
  for (const char* text : {"127.0.0.1:8443", "0.0.0.0:22", "[::1]:8443", "[::]:0", "[2001:db8::1]:65535"}) {
    auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->text(), text);
  }
  EXPECT_EQ(parse_endpoint("localhost:5")->text(), "127.0.0.1:5");
  EXPECT_TRUE(parse_endpoint("[::]:1")->wildcard());
  EXPECT_TRUE(parse_endpoint("0.0.0.0:1")->wildcard());
  EXPECT_FALSE(parse_endpoint("127.0.0.1:1")->wildcard());
}

TEST(EndpointTest, RefusesEverythingElse) {
  for (const char* text :
       {"", ":", ":22", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "::1:22", "[::1]",
        "[::1:22", "[]:22", "[127.0.0.1]:22", "127.1:22", "*:22", "127.0.0.1 :22"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
}

TEST(ListenerTest, PortZeroBecomesARealOneAndATakenOneIsAnError) {
  auto first = open_listener(*parse_endpoint("127.0.0.1:0"));
  ASSERT_TRUE(first);
  auto where = local_endpoint(*first);
  ASSERT_TRUE(where);
  EXPECT_NE(where->port(), 0);
  auto second = open_listener(*where);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().describe(), HasSubstr(where->text()));
}

} // namespace alk::alknet::serve_options_test
