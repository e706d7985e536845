#include "permit_open.hpp"

#include <gtest/gtest.h>

namespace alk::listend::permit_open_test {

using alk::config::make_destination;
using alk::listend::permits;

namespace {

TEST(PermitOpen, HostsAreLiteral) {
  EXPECT_TRUE(permits("db.internal:5432", make_destination("db.internal", 5432)));
  EXPECT_TRUE(permits("DB.internal:5432", make_destination("db.INTERNAL.", 5432)));
  EXPECT_FALSE(permits("db.internal:5432", make_destination("db.internal", 5433)));
  EXPECT_FALSE(permits("*.internal:5432", make_destination("db.internal", 5432)));
  EXPECT_FALSE(permits("10.0.0.0/8:22", make_destination("10.0.0.1", 22)));
}

TEST(PermitOpen, StarPortAndStarHost) {
  EXPECT_TRUE(permits("db:*", make_destination("db", 1)));
  EXPECT_TRUE(permits("*:22", make_destination("anything", 22)));
  EXPECT_FALSE(permits("*:22", make_destination("anything", 23)));
  EXPECT_TRUE(permits("*:*", make_destination("10.0.0.1", 9)));
}

TEST(PermitOpen, Addresses) {
  EXPECT_TRUE(permits("[2001:DB8::1]:443", make_destination("2001:db8:0::1", 443)));
  EXPECT_TRUE(permits("10.0.0.1:22", make_destination("::ffff:10.0.0.1", 22)));
  EXPECT_FALSE(permits("2001:db8::1:443", make_destination("2001:db8::1", 443))); // needs brackets
  EXPECT_FALSE(permits("[::1]:443", make_destination("::2", 443)));
}

TEST(PermitOpen, WhatCannotBeReadPermitsNothing) {
  for (auto pattern :
       {"", ":", "db", "db:", "db:0", "db:ssh", ":22", "db:65536", "any", "none", "db:22-23", "[]:22"})
    for (std::uint16_t port : {std::uint16_t{0}, std::uint16_t{22}})
      EXPECT_FALSE(permits(pattern, make_destination("db", port))) << pattern;
}

} // namespace
} // namespace alk::listend::permit_open_test
