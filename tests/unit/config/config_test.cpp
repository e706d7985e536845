#include "config/config.hpp"
#include "config/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::config::config_test {
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace {

std::vector<std::string> described(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  for (auto& problem : problems) lines.push_back(problem.describe());
  return lines;
}

std::vector<std::string> problems_of(std::string_view text) {
  auto checked = parse("t", text);
  if (checked) return {};
  return described(checked.error());
}

Configuration require(std::string_view text) {
  auto checked = parse("t", text);
  EXPECT_TRUE(checked) << testing::PrintToString(problems_of(text));
  return checked.value_or(Configuration{});
}

TEST(Parse, EmptyFileIsTheDefaults) {
  auto whole = require("");
  EXPECT_EQ(whole.dynamic, Dynamic{});
  EXPECT_EQ(whole.fixed, Static{});
  EXPECT_EQ(whole.dynamic.forwarding.default_action, Action::Allow);
}

constexpr std::string_view full = R"(
[server]
drain_deadline = "90m"
proxy = { url = "socks5://127.0.0.1:1080", user = "ada", password = "secret:of-the-proxy" }

[server.tls]
cert = "credential:tls.cert"
key = "credential:tls.key"

[[listeners]]
name = "tls"
transport = "tls"
interface = "ssh"
listen = "[::]:443"
stealth = true
web_root = "/srv/www"
proxy_protocol_from = ["10.0.0.0/8", "2001:db8::1"]

[[listeners]]
name = "ssh"
transport = "tcp"
listen = "0.0.0.0:0"

[[listeners]]
name = "own"
transport = "tls"
tls = { cert = "/c.pem", key = "/k.pem" }

[auth]
host_key = "/etc/key"
disconnect_revoked = false
providers = ["accounts", "configured"]
ssh.authorized_keys = ["/etc/alknet/authorized_keys", "ssh-ed25519 AAAA me"]
ssh.cert_authorities = ["cas"]
token = { enabled = false, max_token_age = "1m", key_source = "shared" }

[[auth.api_keys]]
prefix = "alk_7Qp2"
hash = "sha256:61210fdb492c840f1838774b822c184083c4093c7cb93e6c2c33732ff3b8903c"
scopes = ["relay:connect", "call:x"]
description = "a build machine"
created_at = 1800000000
ttl = "30d"

[[auth.api_keys]]
hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
expires_at = 1900000000

[forwarding]
default = "deny"

[[forwarding.rules]]
target = "*.example.com:443"
action = "allow"
principals = ["SHA256:x", "relay:connect"]
transports = ["tls"]

[[forwarding.rules]]
target = "10.0.0.0/8"
action = "deny"

[limits]
max_connections_per_ip = 5
max_connections = 100
max_auth_attempts = 3
max_channels_per_session = 64
tls_handshake_timeout = "5s"
stealth_timeout = "1m"
login_grace_time = "1h"
connect_timeout = "3s"
keepalive_interval = "0s"
keepalive_count_max = 7

[limits.penalties]
enabled = false
auth_failure = "1s"
no_auth = "0s"
grace_exceeded = "3s"
protocol_error = "2m"
min = "5s"
max = "6h"
ipv4_prefix = 24
ipv6_prefix = 48
overflow = "deny-all"
exempt = ["10.0.0.0/8", "2001:db8::1"]

[storage]
url = "postgresql://alknet@/alknet"
password = "credential:storage_password"

[secrets]
identity = "SHA256:kpsHRIb1keQgUVKjeUG2NX4YbLSGpYjK+HCIyJMGuYg"
)";

TEST(Parse, EveryKey) {
  auto whole = require(full);
  auto& listeners = whole.fixed.listeners;
  ASSERT_EQ(listeners.size(), 3U);
  EXPECT_EQ(listeners[0].name, "tls");
  EXPECT_TRUE(listeners[0].stealth);
  EXPECT_EQ(listeners[0].web_root, "/srv/www");
  EXPECT_THAT(listeners[0].proxy_protocol_from,
              ElementsAre(*parse_network("10.0.0.0/8"), *parse_network("2001:db8::1")));
  EXPECT_EQ(tls_files(whole.fixed, listeners[0]).cert, "credential:tls.cert");
  EXPECT_EQ(tls_files(whole.fixed, listeners[2]).key, "/k.pem");
  EXPECT_EQ(listeners[1].transport, Transport::Tcp);
  EXPECT_EQ(listeners[1].listen, "0.0.0.0:0");
  EXPECT_EQ(whole.fixed.server.drain_deadline, 90min);
  EXPECT_EQ(whole.fixed.host_key, "/etc/key");
  EXPECT_FALSE(whole.dynamic.auth.disconnect_revoked);
  EXPECT_EQ(whole.dynamic.auth.authorized_keys.size(), 2U);
  EXPECT_THAT(whole.dynamic.auth.cert_authorities, ElementsAre("cas"));
  EXPECT_THAT(whole.dynamic.auth.providers, ElementsAre(Provider::Accounts, Provider::Configured));
  EXPECT_EQ(whole.dynamic.auth.token, (Token{false, 60s}));
  auto& api_keys = whole.dynamic.auth.api_keys;
  ASSERT_EQ(api_keys.size(), 2U);
  EXPECT_EQ(api_keys[0].prefix, "alk_7Qp2");
  EXPECT_THAT(api_keys[0].scopes, ElementsAre("relay:connect", "call:x"));
  EXPECT_EQ(api_keys[0].expires(), 1'800'000'000U + 30 * 86'400U);
  EXPECT_EQ(api_keys[1].prefix, "alk_");
  EXPECT_EQ(api_keys[1].expires(), 1'900'000'000U);
  auto& rules = whole.dynamic.forwarding.rules;
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].target.suffix, ".example.com");
  EXPECT_EQ(rules[0].action, Action::Allow);
  EXPECT_THAT(rules[0].principals, ElementsAre("SHA256:x", "relay:connect"));
  EXPECT_THAT(rules[0].transports, ElementsAre(Transport::Tls));
  EXPECT_EQ(rules[1].text, "10.0.0.0/8");
  EXPECT_EQ(whole.dynamic.forwarding.default_action, Action::Deny);
  Penalties penalties{false, 1s, 0s, 3s, 120s, 5s, 6h, 24, 48, Overflow::DenyAll, {}};
  penalties.exempt = {*parse_network("10.0.0.0/8"), *parse_network("2001:db8::1")};
  Limits limits{5, 100, 3, 64, 5s, 60s, 3600s, 3s, 0s, 7, penalties};
  EXPECT_EQ(whole.dynamic.limits, limits);
  EXPECT_EQ(whole.dynamic.secrets.identity, "SHA256:kpsHRIb1keQgUVKjeUG2NX4YbLSGpYjK+HCIyJMGuYg");
  EXPECT_EQ(whole.fixed.storage, (Storage{"postgresql://alknet@/alknet", "credential:storage_password"}));
  EXPECT_THAT(described(whole.warnings),
              ElementsAre(HasSubstr("server.proxy.url: names are resolved by the proxy")));
}

TEST(Parse, ReportsEveryProblemWithLineAndKey) {
  EXPECT_THAT(
      problems_of("colour = 1\n"
                  "[limits]\n"
                  "max_auth_attempts = \"3\"\n"
                  "max_connections = -1\n"
                  "login_grace_time = 30\n"
                  "connect_timeout = \"0s\"\n"
                  "stealth_timeout = \"1y\"\n"
                  "keepalive_count_max = 1.5\n"
                  "typo = true\n"
                  "[auth]\n"
                  "disconnect_revoked = \"no\"\n"
                  "ssh.authorized_keys = [\"/a\",\n"
                  "  7]\n"),
      ElementsAre(
          "t:1: colour: unknown key", "t:3: limits.max_auth_attempts: must be an integer, not a string",
          "t:4: limits.max_connections: must be from 0 to 1000000",
          "t:5: limits.login_grace_time: must be a duration in quotes, such as \"30s\" or \"5m\", "
          "not an integer",
          "t:6: limits.connect_timeout: must be from 1s to 10m",
          "t:7: limits.stealth_timeout: must be a whole number and one of s, m, h, d, such as \"30s\"",
          "t:8: limits.keepalive_count_max: must be an integer, not a float", "t:9: limits.typo: unknown key",
          "t:11: auth.disconnect_revoked: must be true or false, not a string",
          "t:13: auth.ssh.authorized_keys[1]: must be a string, not an integer"));
}

TEST(Parse, PenaltiesAreChecked) {
  EXPECT_THAT(
      problems_of("[limits.penalties]\n"          // 1
                  "min = \"2m\"\n"                // 2
                  "max = \"1m\"\n"                // 3
                  "overflow = \"deny\"\n"         // 4
                  "ipv6_prefix = 0\n"             // 5
                  "exempt = [\"10.0.0.0/8\",\n"   // 6
                  "  \"10.0.0.1/8\", \"host\"]\n" // 7
                  "auth_failure = 5\n"),          // 8
      ElementsAre("t:2: limits.penalties.min: is more than max: nobody would ever be refused",
                  "t:4: limits.penalties.overflow: must be \"permissive\" or \"deny-all\"",
                  "t:5: limits.penalties.ipv6_prefix: must be from 16 to 128",
                  HasSubstr("t:6: limits.penalties.exempt: entry 2 is neither an address nor a network"),
                  HasSubstr("t:6: limits.penalties.exempt: entry 3 is neither"),
                  HasSubstr("t:8: limits.penalties.auth_failure: must be a duration in quotes")));
}

TEST(Network, IsAnAddressOrARange) {
  auto text = [](std::string_view written) {
    auto network = parse_network(written);
    return network ? network->text() : "none";
  };
  EXPECT_EQ(text("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(text("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(text("10.0.0.1/32"), "10.0.0.1");
  EXPECT_EQ(text("2001:DB8::/32"), "2001:db8::/32");
  EXPECT_EQ(text("0.0.0.0/0"), "0.0.0.0/0");
  for (auto wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8/8", "10.0.0.0/-1",
                     "host", "[2001:db8::]/32", "::ffff:10.0.0.0/104", "10.0.0.0/ 8"})
    EXPECT_EQ(text(wrong), "none") << wrong;
  EXPECT_TRUE(parse_network("10.0.0.0/8")->contains(*parse_ip("::ffff:10.255.0.1")));
  EXPECT_FALSE(parse_network("10.0.0.0/8")->contains(*parse_ip("11.0.0.1")));
  EXPECT_FALSE(parse_network("::/0")->contains(*parse_ip("10.0.0.1")));
}

TEST(Parse, ListenersAreCheckedTogether) {
  EXPECT_THAT(
      problems_of("[[listeners]]\n"          // 1
                  "name = \"a\"\n"           // 2
                  "transport = \"tcp\"\n"    // 3
                  "stealth = true\n"         // 4
                  "[[listeners]]\n"          // 5
                  "name = \"a\"\n"           // 6
                  "transport = \"tls\"\n"    // 7
                  "[[listeners]]\n"          // 8
                  "transport = \"quic\"\n"   // 9
                  "interface = \"http\"\n"   // 10
                  "listen = \"localhost\"\n" // 11
                  "[[listeners]]\n"          // 12
                  "name = \"b:c\"\n"         // 13
                  "transport = \"tls\"\n"    // 14
                  "tls.cert = \"/c\"\n"      // 15
                  "web_root = \"/w\"\n"      // 16
                  "[[listeners]]\n"          // 17
                  "name = \"d\"\n"           // 18
                  "transport = \"tcp\"\n"    // 19
                  "tls.cert = \"/c\"\n"      // 20
                  "tls.key = \"/k\"\n"),     // 21
      ElementsAre("t:4: listeners[0].stealth: needs transport = \"tls\"",
                  "t:5: listeners[1]: a TLS listener needs tls.cert and tls.key, here or in [server.tls]",
                  "t:6: listeners[1].name: another listener has this name",
                  "t:8: listeners[2].name: is missing",
                  "t:9: listeners[2].transport: must be \"tcp\" or \"tls\"",
                  "t:10: listeners[2].interface: must be \"ssh\"",
                  "t:11: listeners[2].listen: must be ADDRESS:PORT or [IPV6]:PORT",
                  "t:13: listeners[3].name: must be 1 to 64 letters, digits, dots, dashes or underscores",
                  "t:15: listeners[3].tls.cert: a certificate needs its key as well",
                  "t:16: listeners[3].web_root: needs stealth = true",
                  "t:20: listeners[4].tls: needs transport = \"tls\""));
}

TEST(Parse, ProxiesAreAddressesAndNetworks) {
  const std::string listener = "[[listeners]]\nname = \"a\"\ntransport = \"tcp\"\n";
  EXPECT_THAT(
      problems_of(listener + "proxy_protocol_from = [\"10.0.0.1/8\", \"::1\", \"proxy.example\", \"\"]\n"),
      ElementsAre(
          HasSubstr("t:4: listeners[0].proxy_protocol_from: entry 1 is neither an address nor a network"),
          HasSubstr("t:4: listeners[0].proxy_protocol_from: entry 3 is neither"),
          HasSubstr("t:4: listeners[0].proxy_protocol_from: entry 4 is neither")));
  EXPECT_THAT(problems_of(listener + "proxy_protocol_from = \"10.0.0.1\"\n"),
              ElementsAre(HasSubstr("t:4: listeners[0].proxy_protocol_from: must be an array")));
}

TEST(Listener, KnowsItsProxies) {
  Listener listener;
  EXPECT_FALSE(listener.is_proxy(*parse_ip("10.0.0.1")));
  listener.proxy_protocol_from = {*parse_network("10.0.0.0/8"), *parse_network("2001:db8::1")};
  EXPECT_TRUE(listener.is_proxy(*parse_ip("10.9.9.9")));
  EXPECT_TRUE(listener.is_proxy(*parse_ip("::ffff:10.9.9.9")));
  EXPECT_TRUE(listener.is_proxy(*parse_ip("2001:db8::1")));
  EXPECT_FALSE(listener.is_proxy(*parse_ip("2001:db8::2")));
  EXPECT_FALSE(listener.is_proxy(*parse_ip("11.0.0.1")));
  EXPECT_FALSE(listener.is_proxy(IpAddress{}));
}

TEST(Parse, RulesAreChecked) {
  EXPECT_THAT(
      problems_of("[forwarding]\n"
                  "default = \"maybe\"\n"
                  "[[forwarding.rules]]\n"
                  "target = \"secret.example:0\"\n"
                  "action = \"deny\"\n"
                  "[[forwarding.rules]]\n"
                  "transports = [\"tcp\", \"iroh\"]\n"
                  "principals = [\"\"]\n"),
      ElementsAre("t:2: forwarding.default: must be \"allow\" or \"deny\"",
                  "t:4: forwarding.rules[0].target: after the colon stands a port from 1 to 65535, a range "
                  "such as 8000-8099, or *",
                  "t:6: forwarding.rules[1].target: is missing",
                  "t:6: forwarding.rules[1].action: is missing",
                  "t:7: forwarding.rules[1].transports: must be \"tcp\" or \"tls\"",
                  "t:8: forwarding.rules[1].principals: an empty text is nobody: leave the key out, or write "
                  "\"*\", for everyone"));
}

TEST(Parse, NoTargetEverStandsInAMessage) {
  for (auto target : {"secret.example:0", "secret.example/8", "se*cr*et.example", "alknet-secret"})
    for (auto& line :
         problems_of("[[forwarding.rules]]\naction = \"deny\"\ntarget = \"" + std::string(target) + "\"\n"))
      EXPECT_THAT(line, Not(HasSubstr("secret"))) << line;
}

TEST(Parse, WrongShapes) {
  EXPECT_THAT(problems_of("listeners = 3\n"),
              ElementsAre("t:1: listeners: must be an array of tables: [[listeners]]"));
  EXPECT_THAT(problems_of("[listeners]\nname = \"a\"\n"),
              ElementsAre("t:1: listeners: must be an array of tables: [[listeners]]"));
  EXPECT_THAT(problems_of("[forwarding]\nrules = [{target=\"*\", action=\"deny\"}, 2]\n"),
              ElementsAre("t:2: forwarding.rules: must be an array of tables: [[forwarding.rules]]"));
  EXPECT_THAT(problems_of("limits = 3\n"), ElementsAre("t:1: limits: must be a table, not an integer"));
  EXPECT_THAT(problems_of("[auth]\nhost_key = 2020-01-01\n"),
              ElementsAre("t:2: auth.host_key: must be a string, not a date or time"));
  EXPECT_THAT(problems_of("[auth]\nhost_key = \"a\\u0000b\"\n"),
              ElementsAre("t:2: auth.host_key: contains a control character"));
  EXPECT_THAT(problems_of("\"a\\nb\" = 1\n"), ElementsAre("t:1: a\\x0ab: unknown key"));
}

TEST(Parse, SyntaxErrorsHaveALine) {
  EXPECT_THAT(problems_of("[limits]\nmax_connections = = 1\n"), ElementsAre(HasSubstr("t:2: ")));
  EXPECT_THAT(problems_of("\n[[$x]]\n"), ElementsAre(HasSubstr("t:2: "))); // an assertion of toml++ 3.3
  EXPECT_THAT(problems_of("a = 1\na = 2\n"), ElementsAre(HasSubstr("t:2: ")));
  EXPECT_THAT(problems_of("[auth]\n\nhost_key = \"\xc0\xaf\"\n"), ElementsAre(HasSubstr("t:3: ")));
  EXPECT_THAT(problems_of("[auth]\nhost_key = \"\xed\xa0\x80\"\n"), ElementsAre(HasSubstr("utf-8")));
}

TEST(Parse, BeyondAsciiInStringsAndCommentsAlone) {
  auto refusal = ElementsAre(HasSubstr("t:2: "));
  EXPECT_THAT(problems_of("\nab \u01e2=1"), refusal); // ran into an "unreachable" point of toml++ 3.3
  EXPECT_THAT(problems_of("[auth]\nhost_key = \"\" \u00e9"), refusal);
  EXPECT_THAT(problems_of("[auth]\nhost_key = \"a\\\"\" \u00e9"), refusal);
  EXPECT_THAT(problems_of("[auth]\nhost_key = 'a\\' \u00e9"), refusal);
  EXPECT_THAT(problems_of("a = 1\nb = 7-\u00e9"), refusal);
  EXPECT_THAT(problems_of("x = \"\"\"\n\"\"\"\"\" \u00e9"), refusal);
  for (auto value : {"\"/\u00e9\"", "'/\u00e9'", "\"\"\"/\u00e9\"\"\"", "'''/\u00e9'''", "\"/x\" # \u00e9",
                     "\"\"\"/\u00e9\\\"\"\"\"\"\"", "'''/\u00e9'''''", "\"/\u00e9\\\\\""})
    EXPECT_THAT(problems_of("\xef\xbb\xbf[auth]\nhost_key = " + std::string(value) + "\n"), IsEmpty())
        << value;
}

TEST(Parse, BoundsDepthAndSize) {
  std::string deep = "\n";
  for (int i = 0; i < 1'000'000; ++i) deep += "a.";
  EXPECT_THAT(problems_of(deep + "a = 1"), ElementsAre("t:2: a line has too many dots"));
  EXPECT_THAT(problems_of("a = " + std::string(100'000, '[')), ElementsAre(HasSubstr("t:1: ")));
  EXPECT_THAT(problems_of(std::string((4 << 20) + 1, '#')), ElementsAre("t: larger than 4 MiB"));
}

TEST(Parse, Warnings) {
  EXPECT_THAT(
      described(require("").warnings),
      ElementsAre("t: listeners: there is none: nobody can connect",
                  "t: auth.ssh.authorized_keys: there are none: nobody can log in",
                  "t: forwarding.default: everyone who can log in may connect to everything this machine "
                  "reaches"));
  EXPECT_THAT(described(require("[forwarding]\n\ndefault = \"allow\"\n").warnings),
              Contains(HasSubstr("t:3: forwarding.default")));
  EXPECT_THAT(described(require("[forwarding]\ndefault = \"deny\"\n").warnings),
              Not(Contains(HasSubstr("forwarding.default"))));
}

TEST(Parse, Providers) {
  for (auto bad : {"", "'accounts'", "'configured', 'configured'", "'accounts', 'configured', 'accounts'"})
    EXPECT_THAT(problems_of("[auth]\nproviders = [" + std::string(bad) + "]\n"),
                ElementsAre(HasSubstr("t:2: auth.providers: must hold \"configured\"")));
}

TEST(Parse, ApiKeys) {
  const std::string zeros(64, '0'), ones(64, '1');
  auto entry = [](const std::string& hash, const std::string& more = "") {
    return "[[auth.api_keys]]\nhash = \"sha256:" + hash + "\"\n" + more;
  };
  EXPECT_FALSE(require(entry(zeros)).dynamic.auth.api_keys[0].expires());
  EXPECT_THAT(problems_of("[[auth.api_keys]]\n"), ElementsAre("t:1: auth.api_keys[0].hash: is missing"));
  for (const auto& bad : {zeros + "0", zeros.substr(1), std::string(64, 'A'), std::string()})
    EXPECT_THAT(problems_of(entry(bad)), ElementsAre(HasSubstr("t:2: auth.api_keys[0].hash: must be")));
  for (auto bad : {"", "alk", "key_", "alk_12345", "alk_ "})
    EXPECT_THAT(problems_of(entry(zeros, "prefix = \"" + std::string(bad) + "\"\n")),
                ElementsAre(HasSubstr("t:3: auth.api_keys[0].prefix: must be")))
        << bad;
  EXPECT_THAT(problems_of(entry(zeros) + entry(ones)),
              ElementsAre(HasSubstr("auth.api_keys[1].prefix: another API key has this prefix")));
  EXPECT_THAT(problems_of(entry(zeros) + entry(zeros, "prefix = \"alk_2\"\n")),
              ElementsAre("t:4: auth.api_keys[1].hash: another API key has this hash"));
  EXPECT_THAT(problems_of(entry(zeros, "ttl = \"30d\"\n")), ElementsAre(HasSubstr("ttl: needs created_at")));
  EXPECT_THAT(problems_of(entry(zeros, "ttl = \"30d\"\ncreated_at = 1\nexpires_at = 2\n")),
              ElementsAre(HasSubstr("ttl: stands beside expires_at")));
  EXPECT_THAT(problems_of(entry(zeros, "expires_at = 0\n")),
              ElementsAre(HasSubstr("expires_at: must be from 1")));
  EXPECT_THAT(problems_of(entry(zeros, "scopes = [\"\"]\n")),
              ElementsAre(HasSubstr("scopes: an empty text")));
  EXPECT_THAT(problems_of("[auth.token]\nkey_source = \"other\"\n"),
              ElementsAre(HasSubstr("key_source: must be")));
}

TEST(Parse, WarnsOfProxiesThatAreEverybody) {
  auto warned = [](const std::string& networks) {
    return described(require("[[listeners]]\nname = \"a\"\ntransport = \"tcp\"\nproxy_protocol_from = [" +
                             networks + "]\n")
                         .warnings);
  };
  EXPECT_THAT(warned("\"10.0.0.1\", \"::/0\""),
              Contains(HasSubstr("t:4: listeners[0].proxy_protocol_from: everybody")));
  EXPECT_THAT(warned("\"10.0.0.1\""), Not(Contains(HasSubstr("proxy_protocol_from"))));
}

TEST(Digest, SpeaksOfNamesAndBytes) {
  auto digest = require("").digest;
  EXPECT_EQ(digest.size(), 64U);
  EXPECT_EQ(parse("t", "")->digest, digest);
  EXPECT_NE(parse("u", "")->digest, digest);
  EXPECT_NE(parse("t", "\n")->digest, digest);
}

TEST(KnownKeys, AreTheOnesTheFullFileSets) {
  auto keys = known_keys();
  EXPECT_THAT(keys, Contains("listeners[].tls.cert"));
  EXPECT_THAT(keys, Contains("forwarding.rules[].transports"));
  EXPECT_THAT(keys, Contains("limits.keepalive_count_max"));
  EXPECT_THAT(keys, Contains("auth.ssh.authorized_keys"));
  EXPECT_EQ(keys.size(), 60U);
}

TEST(ChangedKeys, NamesWhatDiffers) {
  auto before = require(full), after = require(full);
  EXPECT_THAT(changed_keys(before.dynamic, after.dynamic), IsEmpty());
  EXPECT_THAT(changed_keys(before.fixed, after.fixed), IsEmpty());
  after.dynamic.limits.connect_timeout = 4s;
  after.dynamic.limits.max_connections = 1;
  after.dynamic.forwarding.rules[1].action = Action::Allow;
  after.dynamic.auth.authorized_keys.clear();
  after.dynamic.auth.cert_authorities.clear();
  after.dynamic.auth.token.max_token_age = 2s;
  after.dynamic.auth.api_keys[1].scopes = {"x"};
  EXPECT_THAT(changed_keys(before.dynamic, after.dynamic),
              ElementsAre("auth.ssh.authorized_keys", "auth.ssh.cert_authorities", "auth.token.max_token_age",
                          "auth.api_keys[1].scopes", "forwarding.rules[1].action", "limits.max_connections",
                          "limits.connect_timeout"));
  after.dynamic.forwarding.rules.pop_back();
  EXPECT_THAT(changed_keys(before.dynamic, after.dynamic), Contains("forwarding.rules"));
  after.fixed.listeners[0].stealth = false;
  after.fixed.server.tls.key = "x";
  after.fixed.server.drain_deadline = 60s;
  after.fixed.host_key = "y";
  after.fixed.storage = {"postgresql:///y", "/y"};
  EXPECT_THAT(changed_keys(before.fixed, after.fixed),
              ElementsAre("server.tls.key", "server.host_key", "server.drain_deadline",
                          "listeners[0].stealth", "storage.url", "storage.password"));
  after.fixed.listeners.pop_back();
  EXPECT_THAT(changed_keys(before.fixed, after.fixed), Contains("listeners"));
}

TEST(IsKeyLine, TellsLinesFromPaths) {
  EXPECT_TRUE(is_key_line("ssh-ed25519 AAAA"));
  EXPECT_TRUE(is_key_line("  restrict,from=\"10.0.0.1\" ssh-ed25519 AAAA me"));
  EXPECT_FALSE(is_key_line("/etc/alknet/authorized keys"));
  EXPECT_FALSE(is_key_line("authorized_keys"));
  EXPECT_FALSE(is_key_line("./my keys"));
}

TEST(Duration, Text) {
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("2d"), 48h);
  EXPECT_EQ(parse_duration("0s"), 0s);
  for (auto text :
       {"", "s", "30", "-1s", "+1s", "1.5s", "1h30m", "30 s", "30S", "99999999999999999999d", "1000000001s"})
    EXPECT_FALSE(parse_duration(text)) << text;
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(48h), "2d");
  EXPECT_EQ(duration_text(0s), "0s");
}

} // namespace
} // namespace alk::config::config_test
