#include "pubkey/from_list.hpp"

#include <gtest/gtest.h>

namespace alk::pubkey::from_list_test {
namespace {

bool admits(std::string_view list, std::string_view address) {
  auto parsed = FromList::parse(list);
  EXPECT_TRUE(parsed) << list;
  auto peer = parse_peer_address(address);
  EXPECT_TRUE(peer) << address;
  return parsed && peer && parsed->admits(*peer);
}

TEST(FromList, Networks) {
  EXPECT_TRUE(admits("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(admits("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(admits("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(admits("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(admits("0.0.0.0/0", "198.51.100.7"));
  EXPECT_TRUE(admits("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(admits("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(FromList, Addresses) {
  EXPECT_TRUE(admits("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(admits("192.0.2.1", "192.0.2.10"));
  EXPECT_TRUE(admits("2001:DB8:0::1", "2001:db8::1"));
  EXPECT_TRUE(admits("192.0.2.1/32,2001:db8::1/128", "2001:db8::1"));
}

TEST(FromList, FamiliesDoNotMix) {
  EXPECT_FALSE(admits("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(admits("::/0", "192.0.2.1"));
}

TEST(FromList, MappedAddressesAreIpv4) {
  EXPECT_TRUE(admits("192.0.2.0/24", "::ffff:192.0.2.7"));
  EXPECT_TRUE(admits("::ffff:192.0.2.0/120", "192.0.2.7"));
  EXPECT_FALSE(admits("::ffff:192.0.2.0/120", "192.0.3.7"));
  EXPECT_FALSE(FromList::parse("::ffff:192.0.2.0/95"));
}

TEST(FromList, ZoneOfAPeerIsLeftOut) {
  EXPECT_TRUE(admits("fe80::/10", "fe80::1%eth0"));
  EXPECT_FALSE(admits("!fe80::/10,*", "fe80::1%eth0"));
}

TEST(FromList, Wildcards) {
  EXPECT_TRUE(admits("192.0.2.*", "192.0.2.77"));
  EXPECT_FALSE(admits("192.0.2.*", "192.0.20.77"));
  EXPECT_TRUE(admits("192.0.2.?", "192.0.2.7"));
  EXPECT_FALSE(admits("192.0.2.?", "192.0.2.77"));
  EXPECT_TRUE(admits("2001:DB8:*", "2001:db8::1"));
  EXPECT_TRUE(admits("*", "192.0.2.1"));
}

TEST(FromList, NegationWinsWhereverItStands) {
  EXPECT_FALSE(admits("!192.0.2.66,192.0.2.0/24", "192.0.2.66"));
  EXPECT_FALSE(admits("192.0.2.0/24,!192.0.2.66", "192.0.2.66"));
  EXPECT_TRUE(admits("192.0.2.0/24,!192.0.2.66", "192.0.2.67"));
  EXPECT_FALSE(admits("*,!10.0.0.0/8", "10.1.2.3"));
  EXPECT_FALSE(admits("*,!10.*", "10.1.2.3"));
}

TEST(FromList, NegationAloneAdmitsNobody) {
  EXPECT_FALSE(admits("!192.0.2.66", "192.0.2.67"));
}

TEST(FromList, NamesAreNeverLookedUp) {
  EXPECT_FALSE(admits("*.example.com", "192.0.2.1"));
  EXPECT_FALSE(admits("localhost", "127.0.0.1"));
  EXPECT_TRUE(admits("*.example.com,192.0.2.1", "192.0.2.1"));
}

// It would look like a protection and be none.
TEST(FromList, NegatedNamesAreRefused) {
  EXPECT_FALSE(FromList::parse("*,!bad.example.com"));
  EXPECT_FALSE(FromList::parse("*,!cafe"));
  EXPECT_FALSE(FromList::parse("*,!*.example.com"));
  EXPECT_TRUE(FromList::parse("*,!2001:db8:*"));
}

TEST(FromList, RefusesMalformedLists) {
  for (const char* list : {"", ",", "192.0.2.1,", ",192.0.2.1", "!", "192.0.2.1,!", "192.0.2.0/33",
                           "2001:db8::/129", "192.0.2.0/", "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0/24/24",
                           "192.0.2/24", "/24", "example.com/24", "[2001:db8::1]/64", "[::1]/128"})
    EXPECT_FALSE(FromList::parse(list)) << list;
}

// sshd calls this an inconsistent mask and then admits nobody.
TEST(FromList, RefusesBitsAfterThePrefix) {
  EXPECT_FALSE(FromList::parse("192.0.2.1/24"));
  EXPECT_FALSE(FromList::parse("2001:db8::1/64"));
}

TEST(FromList, ErrorsDoNotRepeatTheText) {
  auto list = FromList::parse("secret.example/24");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().what.find("secret"), std::string::npos);
}

TEST(PeerAddress, OnlyLiterals) {
  for (const char* text :
       {"", "*", "example.com", "192.0.2", "192.0.2.1:22", "[2001:db8::1]", "192.0.2.1%eth0", "0x7f.1", "1"})
    EXPECT_FALSE(parse_peer_address(text)) << text;
}

TEST(Wildcard, BacktracksOverStars) {
  EXPECT_TRUE(wildcard_matches("a*b*c", "aXbXbXc"));
  EXPECT_FALSE(wildcard_matches("a*b*c", "aXbXbX"));
  EXPECT_TRUE(wildcard_matches("**", ""));
  EXPECT_FALSE(wildcard_matches("?", ""));
  EXPECT_FALSE(wildcard_matches("", "a"));
}

} // namespace
} // namespace alk::pubkey::from_list_test
