#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "pubkey/anchor.hpp"

#include <gtest/gtest.h>

namespace alk::pubkey::anchor_test {
namespace {

// Of the mnemonic "abandon ... about", computed with Python's cryptography.
const std::string hash = "634768dae1474506e4bf7d341890542b09987d7e6aea5d446c02e37581a56954";
const std::string key_text = "UuNLQP-c96K8qvsieS84fBaTqWrd31iel5i-o9vAZYE";
const std::string signature_text =
    "tiwsMXeGSxJCUbUYnccc_LUDPNsyIYWPn8cM9s6GkUYG20DqBUpoOVxtCljNnVE4QP7TXfTs6o9hkJGoWcBSDg";
const std::string bare = "7:" + hash;
const std::string whole = bare + ":1700000000:" + key_text + ":" + signature_text;
const std::string line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFLjS0D/nPeivKr7InkvOHwWk6lq3d9YnpeYvqPbwGWB";

TEST(Anchor, HasOneTextWithAndWithoutASignature) {
  for (const std::string& text : {bare, whole}) {
    auto anchor = parse_anchor(text);
    ASSERT_TRUE(anchor) << text;
    EXPECT_EQ(anchor->text(), text);
    EXPECT_EQ(anchor->bare_text(), bare);
    EXPECT_EQ(anchor->is_signed(), text == whole);
  }
  EXPECT_EQ(parse_anchor("7:" + std::string(64, 'A'))->hash, std::string(64, 'a'));
}

TEST(Anchor, OtherTextIsNone) {
  const std::string cases[] = {"",
                               "7",
                               "7:",
                               hash,
                               "-7:" + hash,
                               "9223372036854775808:" + hash,
                               bare + "0",
                               bare + "00",
                               bare + ":",
                               bare + ":1700000000",
                               bare + ":1700000000:" + key_text,
                               bare + ":x:" + key_text + ":" + signature_text,
                               bare + ":1:" + key_text + "=:" + signature_text,
                               bare + ":1:" + signature_text + ":" + key_text,
                               bare + ":1::" + signature_text,
                               whole + ":",
                               whole + "A"};
  for (const std::string& text : cases) EXPECT_EQ(parse_anchor(text).error().kind, Kind::Invalid) << text;
}

TEST(Anchor, EveryByteOfTheMessageHasItsPlace) {
  EXPECT_EQ(hex_encode(anchor_message(1, 7, *hex_decode(hash), 1700000000)),
            hex_encode("alknet audit anchor") + "00" + "00000001" + "0000000000000007" + hash +
                "000000006553f100");
}

TEST(Anchor, ASignatureIsJudgedAgainstTheKeyThatIsExpected) {
  const Anchor right = *parse_anchor(whole);
  const std::string key = *base64url_decode(key_text);
  EXPECT_EQ(judge_signature(right, key), Signed::Right);
  EXPECT_EQ(judge_signature(*parse_anchor(bare), key), Signed::Not);
  EXPECT_EQ(judge_signature(right, std::string(32, 'k')), Signed::ByAnother);
  EXPECT_EQ(judge_signature(right, ""), Signed::ByAnother);
  Anchor wrong = right;
  ++wrong.sequence;
  EXPECT_EQ(judge_signature(wrong, key), Signed::Wrong);
  wrong = right;
  wrong.hash[63] = '5';
  EXPECT_EQ(judge_signature(wrong, key), Signed::Wrong);
  wrong = right;
  --wrong.time;
  EXPECT_EQ(judge_signature(wrong, key), Signed::Wrong);
  wrong = right;
  wrong.signature[0] = static_cast<char>(wrong.signature[0] ^ 1);
  EXPECT_EQ(judge_signature(wrong, key), Signed::Wrong);
}

TEST(AnchorKey, IsTakenInEachFormInWhichItIsShown) {
  const std::string key = *base64url_decode(key_text);
  EXPECT_EQ(anchor_key_line(key), line);
  for (const std::string& text :
       {line, line + " anchors of the node\n", line.substr(12), key_text, " " + key_text + "\n"})
    EXPECT_EQ(parse_anchor_key(text).value_or("none"), key) << text;
  const std::string rsa =
      "ssh-rsa " + base64_encode(ByteWriter().string("ssh-rsa").string("e").string("n").take());
  for (const std::string& text :
       {std::string(), std::string("ssh-ed25519"), line.substr(0, 60), key_text + "A", rsa, rsa.substr(8)})
    EXPECT_EQ(parse_anchor_key(text).error().kind, Kind::Invalid) << text;
}

} // namespace
} // namespace alk::pubkey::anchor_test
