#include "certificates.hpp"
#include "pubkey/auth_token.hpp"

#include <gtest/gtest.h>

namespace alk::pubkey::auth_token_test {
namespace {

TEST(AuthToken, TextAndBack) {
  AuthToken token{token_key_id(testing::key(1)), 1'800'000'000, std::string(64, 's')};
  EXPECT_EQ(token.message().size(), 40u);
  EXPECT_EQ(token.message().substr(32), std::string("\0\0\0\0\x6b\x49\xd2\x00", 8));
  std::string text = token.text();
  EXPECT_EQ(text.size(), auth_token_length);
  EXPECT_EQ(parse_auth_token(text), token);
}

TEST(AuthToken, KeyIdIsTheHashOfTheRawKey) {
  testing::Seed seed;
  seed.fill(1);
  EXPECT_EQ(token_key_id(testing::key(1)), sha256(testing::ed25519_point(seed)));
  EXPECT_NE(token_key_id(testing::key(1)), sha256(testing::key(1)));
}

TEST(AuthToken, OnlyItsOwnShape) {
  std::string text = AuthToken{{}, 0, std::string(64, 's')}.text();
  for (const std::string& bad : {std::string(), text.substr(1), text + "A", text.substr(1) + "=",
                                 text.substr(1) + "+", text.substr(1) + "\n"})
    EXPECT_FALSE(parse_auth_token(bad)) << bad;
}

} // namespace
} // namespace alk::pubkey::auth_token_test
