#include "keys.hpp"
#include "pubkey/key_blob.hpp"

#include <gtest/gtest.h>

namespace alk::pubkey::key_blob_test {
namespace {

using testing::key;

TEST(KeyBlob, TakesAnEd25519Key) {
  auto blob = key(1);
  auto parsed = parse_key_blob(blob);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->kind, KeyClass::Ed25519);
  EXPECT_EQ(parsed->type_name, "ssh-ed25519");
}

TEST(KeyBlob, RefusesEveryTruncation) {
  auto blob = key(1);
  for (std::size_t length = 0; length < blob.size(); ++length) {
    auto parsed = parse_key_blob(std::string_view(blob).substr(0, length));
    ASSERT_FALSE(parsed) << length;
    EXPECT_EQ(parsed.error().kind, Kind::Invalid) << length;
  }
}

TEST(KeyBlob, RefusesWhatFollowsTheKey) {
  EXPECT_FALSE(parse_key_blob(key(1) + '\0'));
  EXPECT_FALSE(parse_key_blob(ByteWriter().string("ssh-ed25519").string(std::string(33, 'x')).take()));
}

// With these as "keys" anybody can make signatures that verify.
TEST(KeyBlob, RefusesPointsOfSmallOrder) {
  std::string identity = std::string(1, '\x01') + std::string(31, '\0');
  std::string zero(32, '\0');
  for (const std::string& point : {identity, zero}) {
    auto parsed = parse_key_blob(ByteWriter().string("ssh-ed25519").string(point).take());
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind, Kind::Invalid);
  }
}

TEST(KeyBlob, KnowsOtherTypesByName) {
  auto kind = [](std::string_view type) { return parse_key_blob(testing::key_of_type(type))->kind; };
  EXPECT_EQ(kind("ssh-rsa"), KeyClass::Rsa);
  EXPECT_EQ(kind("ssh-dss"), KeyClass::Dsa);
  EXPECT_EQ(kind("ecdsa-sha2-nistp256"), KeyClass::Ecdsa);
  EXPECT_EQ(kind("sk-ssh-ed25519@openssh.com"), KeyClass::SecurityKey);
  EXPECT_EQ(kind("ssh-ed25519-cert-v01@openssh.com"), KeyClass::Certificate);
}

TEST(KeyBlob, UnknownTypesAreUnsupported) {
  auto parsed = parse_key_blob(testing::key_of_type("ssh-ed448"));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, Kind::Unsupported);
}

TEST(KeyBlob, RefusesTooMuch) {
  auto blob = ByteWriter().string("ssh-rsa").string(std::string(max_key_blob, 'n')).take();
  auto parsed = parse_key_blob(blob);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, Kind::Invalid);
}

TEST(KeyBlob, RsaBitsCountWithoutLeadingZeros) {
  EXPECT_EQ(rsa_bits(testing::rsa_key(2048)).value(), 2048u);
  EXPECT_EQ(rsa_bits(ByteWriter().string("ssh-rsa").string("\x03").string("\x01\xff").take()).value(), 9u);
  EXPECT_FALSE(rsa_bits(ByteWriter().string("ssh-rsa").string("\x03").take()));
}

// The fingerprint that ssh-keygen -l prints for this key.
TEST(Fingerprint, IsThatOfSshKeygen) {
  auto blob = base64_decode("AAAAC3NzaC1lZDI1NTE5AAAAIGEeFNiAGEJ4mZaDt3gwFgHteE75B9vmNtSqX+ns9/Sx");
  ASSERT_TRUE(blob);
  EXPECT_EQ(fingerprint_text(sha256(*blob)), "SHA256:/1nHViOxWeMFsqWOQv5E+7hBI1wn6yssBvVJ8mQJntI");
}

TEST(Fingerprint, ReadsBackWhatItWrites) {
  auto digest = sha256("abc");
  EXPECT_EQ(parse_fingerprint(fingerprint_text(digest)), digest);
}

TEST(Fingerprint, RefusesOtherSpellings) {
  auto text = fingerprint_text(sha256("abc"));
  EXPECT_FALSE(parse_fingerprint(""));
  EXPECT_FALSE(parse_fingerprint("SHA256:"));
  EXPECT_FALSE(parse_fingerprint(text + "="));
  EXPECT_FALSE(parse_fingerprint(text.substr(0, text.size() - 1)));
  EXPECT_FALSE(parse_fingerprint("sha256:" + text.substr(7)));
  EXPECT_FALSE(parse_fingerprint("MD5:" + text.substr(7)));
  EXPECT_FALSE(parse_fingerprint("SHA256:" + std::string(43, '!')));
}

} // namespace
} // namespace alk::pubkey::key_blob_test
