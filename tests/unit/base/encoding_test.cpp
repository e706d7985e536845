#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace alk::encoding_test {
namespace {

using namespace std::string_view_literals;

// RFC 4648 section 10.
TEST(Base64, KnownAnswers) {
  std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                             {"f", "Zg=="},
                                                             {"fo", "Zm8="},
                                                             {"foo", "Zm9v"},
                                                             {"foob", "Zm9vYg=="},
                                                             {"fooba", "Zm9vYmE="},
                                                             {"foobar", "Zm9vYmFy"}};
  for (auto [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
    EXPECT_EQ(base64_encode_secret(bytes).view(), text);
    EXPECT_EQ(base64_decode_secret(text)->view(), bytes);
  }
  EXPECT_EQ(base64_encode("f", Padding::Omit), "Zg");
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (auto text :
       {"Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zm9v\n", " Zm9v", "Zm-v", "Zg==Zg==", "Zh==", "Zm9="})
    EXPECT_TRUE(!base64_decode(text) && !base64_decode_secret(text)) << text;
}

TEST(Base64, EveryByteSurvives) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (std::size_t length = 0; length <= all.size(); ++length) {
    auto part = all.substr(all.size() - length);
    EXPECT_EQ(base64_decode(base64_encode(part)), part);
    EXPECT_EQ(base64url_decode(base64url_encode(part)), part);
    EXPECT_EQ(base64_decode_secret(base64_encode_secret(part).view())->view(), part);
    EXPECT_EQ(base64url_encode_secret(part).view(), base64url_encode(part));
    EXPECT_EQ(hex_encode_secret(part).view(), hex_encode(part));
  }
}

TEST(Base64, UrlAlphabetWithoutPadding) {
  EXPECT_EQ(base64url_encode("\xfb\xff"sv), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), "\xfb\xff"sv);
  EXPECT_FALSE(base64url_decode("-_8="));
  EXPECT_FALSE(base64url_decode("+/8"));
  EXPECT_FALSE(base64url_decode("-"));
}

TEST(Hex, BothWays) {
  EXPECT_EQ(hex_encode("\x00\xab\xff"sv), "00abff");
  EXPECT_EQ(hex_decode("00ABff"), "\x00\xab\xff"sv);
  for (auto text : {"0", "0g", "0x", " 00"}) EXPECT_FALSE(hex_decode(text)) << text;
}

} // namespace
} // namespace alk::encoding_test
