#include "config/target.hpp"

#include <gtest/gtest.h>

namespace alk::config::target_test {
namespace {

Target require_target(std::string_view text) {
  auto target = parse_target(text);
  EXPECT_TRUE(target) << text << ": " << (target ? "" : target.error().what);
  return target.value_or(Target{});
}

bool matches(std::string_view target, std::string_view host, std::uint16_t port = 80) {
  return require_target(target).matches(make_destination(host, port));
}

TEST(ParseIp, AcceptsLiteralsOnly) {
  EXPECT_EQ(parse_ip("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(parse_ip("2001:DB8:0::1")->text(), "2001:db8::1");
  EXPECT_EQ(parse_ip("[2001:db8::1]")->text(), "2001:db8::1");
  EXPECT_EQ(parse_ip("::ffff:192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(parse_ip("[::FFFF:c000:201]")->size, 4);
  for (auto text :
       {"", "localhost", "192.0.2", "192.0.2.1.", "192.0.2.256", "0300.0.2.1", "0x7f.1", "2130706433",
        "[192.0.2.1]", "[::1", "::1]", "fe80::1%eth0", "1::2::3", "[]", "1:2:3:4:5:6:7:8:9"})
    EXPECT_FALSE(parse_ip(text)) << text;
  EXPECT_FALSE(parse_ip(std::string_view("192.0.2.1\0", 10)));
  EXPECT_FALSE(parse_ip(std::string(4096, '1')));
}

TEST(MakeIp, MapsAndRefusesOtherLengths) {
  const std::uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
  EXPECT_EQ(make_ip(mapped)->text(), "10.1.2.3");
  EXPECT_EQ(make_ip(mapped), parse_ip("10.1.2.3"));
  EXPECT_FALSE(make_ip(std::span(mapped, 15)));
  EXPECT_FALSE(make_ip({}));
}

TEST(Masked, ClearsHostBits) {
  EXPECT_EQ(masked(*parse_ip("10.255.255.255"), 9).text(), "10.128.0.0");
  EXPECT_EQ(masked(*parse_ip("10.1.2.3"), 32).text(), "10.1.2.3");
  EXPECT_EQ(masked(*parse_ip("10.1.2.3"), 0).text(), "0.0.0.0");
  EXPECT_EQ(masked(*parse_ip("2001:db8:ffff::1"), 33).text(), "2001:db8:8000::");
}

TEST(NormalizeHost, OneFormForEachHost) {
  EXPECT_EQ(normalize_host("WWW.Example.COM."), "www.example.com");
  EXPECT_EQ(normalize_host("a.."), "a.");
  EXPECT_EQ(normalize_host("."), ".");
  EXPECT_EQ(normalize_host(""), "");
  EXPECT_EQ(normalize_host("[2001:DB8::0:1]"), "2001:db8::1");
  EXPECT_EQ(normalize_host("::ffff:169.254.169.254"), "169.254.169.254");
  EXPECT_EQ(normalize_host("169.254.169.254."), "169.254.169.254");
}

TEST(ParseTarget, Kinds) {
  EXPECT_EQ(require_target("*").kind, Target::Kind::Any);
  EXPECT_EQ(require_target("*:22").kind, Target::Kind::Any);
  EXPECT_EQ(require_target("alknet-*").kind, Target::Kind::Reserved);
  EXPECT_EQ(require_target("10.0.0.0/8").kind, Target::Kind::Cidr);
  EXPECT_EQ(require_target("10.0.0.1").bits, 32);
  EXPECT_EQ(require_target("[2001:db8::/32]:443").bits, 32);
  EXPECT_EQ(require_target("2001:db8::/32").network.size, 16);
  EXPECT_EQ(require_target("::1").bits, 128);
  EXPECT_EQ(require_target("DB-*.Example.com.").suffix, ".example.com");
  EXPECT_EQ(require_target("ALKNET-x").kind, Target::Kind::Host);
}

TEST(ParseTarget, Ports) {
  auto single = require_target("host:22");
  EXPECT_EQ(std::pair(single.first_port, single.last_port), std::pair(std::uint16_t{22}, std::uint16_t{22}));
  auto range = require_target("10.0.0.0/8:8000-8099");
  EXPECT_EQ(std::pair(range.first_port, range.last_port),
            std::pair(std::uint16_t{8000}, std::uint16_t{8099}));
  EXPECT_TRUE(require_target("host:*").any_port());
  EXPECT_FALSE(require_target("host:1-65535").any_port());
}

TEST(ParseTarget, RefusesWithASentence) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "host is missing"},
      {":22", "host is missing"},
      {"host:", "after the colon"},
      {"host:0", "after the colon"},
      {"host:65536", "after the colon"},
      {"host:ssh", "after the colon"},
      {"host:22-", "after the colon"},
      {"host:-22", "after the colon"},
      {"host:+22", "after the colon"},
      {"host:1-2-3", "after the colon"},
      {"host:30-20", "first port"},
      {"a*b*c", "at most one"},
      {"**", "at most one"},
      {"10.0.0.0/33", "from 0 to 32"},
      {"::/129", "from 0 to 128"},
      {"10.0.0.0/", "number of bits"},
      {"10.0.0.0/-1", "number of bits"},
      {"10.0.0.1/8", "behind its prefix"},
      {"host/8", "before the slash"},
      {"10.0.0", "complete IPv4"},
      {"10.0.0.256", "complete IPv4"},
      {"[::1", "closing bracket"},
      {"[::1]22", "after the bracket"},
      {"[::1]:", "after the colon"},
      {"[host]:22", "IPv6"},
      {"[10.0.0.1]:22", "IPv6"},
      {"[]", "IPv6"},
      {"a b", "not a host name"},
      {"a\tb", "not a host name"},
      {"a,b", "not a host name"},
      {"::1::2", "not a host name"},
      {"b\xc3\xbc"
       "cher.example",
       "xn--"},
      {"alknet-control", "reserved"},
      {"alknet-*:22", "reserved"},
      {"alknet-", "reserved"},
  };
  for (auto [text, reason] : cases) {
    auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().kind, Kind::Invalid);
    EXPECT_NE(target.error().what.find(reason), std::string::npos) << text << ": " << target.error().what;
  }
  EXPECT_FALSE(parse_target(std::string(300, 'a')));
}

TEST(Matches, Names) {
  EXPECT_TRUE(matches("db.internal", "DB.internal."));
  EXPECT_FALSE(matches("db.internal", "xdb.internal"));
  EXPECT_TRUE(matches("*.example.com", "www.example.com"));
  EXPECT_FALSE(matches("*.example.com", "example.com"));
  EXPECT_TRUE(matches("*.example.com.", "www.example.com"));
  EXPECT_TRUE(matches("db-*", "db-1"));
  EXPECT_TRUE(matches("db-*.", "db-1."));
  EXPECT_FALSE(matches("aba*aba", "ababa")); // prefix and suffix may not overlap
  EXPECT_TRUE(matches("aba*aba", "abaaba"));
  EXPECT_TRUE(matches("192.168.*", "192.168.7.9"));
}

TEST(Matches, NetworksSeeLiteralsInEveryNotation) {
  EXPECT_TRUE(matches("169.254.0.0/16", "169.254.169.254"));
  EXPECT_TRUE(matches("169.254.0.0/16", "::ffff:169.254.169.254"));
  EXPECT_TRUE(matches("169.254.0.0/16", "[::FFFF:a9fe:a9fe]"));
  EXPECT_TRUE(matches("::ffff:10.0.0.1", "10.0.0.1."));
  EXPECT_FALSE(matches("0.0.0.0/0", "host"));
  EXPECT_FALSE(matches("0.0.0.0/0", "::1"));
  EXPECT_FALSE(matches("::/0", "10.0.0.1"));
  EXPECT_TRUE(matches("[fe80::]:80", "FE80::"));
  EXPECT_TRUE(matches("fe80::/10", "febf::1"));
  EXPECT_FALSE(matches("fe80::/10", "fec0::1"));
}

TEST(Matches, PortsAreInclusive) {
  EXPECT_FALSE(matches("h:8000-8099", "h", 7999));
  EXPECT_TRUE(matches("h:8000-8099", "h", 8000));
  EXPECT_TRUE(matches("h:8000-8099", "h", 8099));
  EXPECT_FALSE(matches("h:8000-8099", "h", 8100));
  EXPECT_TRUE(matches("*:22", "h", 22));
  EXPECT_FALSE(matches("*:22", "h", 23));
}

TEST(Matches, ReservedNamesAreNoHosts) {
  EXPECT_TRUE(matches("alknet-*", "alknet-control", 0));
  EXPECT_TRUE(matches("alknet-*", "alknet-"));
  EXPECT_TRUE(matches("*", "alknet-control", 0));
  EXPECT_FALSE(matches("*:22", "alknet-control", 22));
  EXPECT_FALSE(matches("a*", "alknet-control"));
  EXPECT_FALSE(matches("alknet-*", "ALKNET-control"));
  EXPECT_FALSE(matches("alknet-*", "alknet.example.com"));
  EXPECT_TRUE(matches("ALKNET-x", "ALKNET-x"));
}

} // namespace
} // namespace alk::config::target_test
