#include "keys.hpp"
#include "pubkey/authorized_keys.hpp"

#include <gmock/gmock.h>

namespace alk::pubkey::authorized_keys_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::line_of;
using ::testing::Not;

AuthorizedKeys parsed(std::string_view text) {
  AuthorizedKeys keys;
  parse_authorized_keys("keys", text, keys);
  return keys;
}

std::string reason(std::string_view text) {
  auto key = parse_key_line(text);
  EXPECT_FALSE(key) << text;
  return key ? "" : key.error().what;
}

TEST(AuthorizedKeys, PlainLine) {
  auto keys = parsed(line(1) + "\n");
  ASSERT_EQ(keys.lines.size(), 1u);
  EXPECT_EQ(keys.lines[0].blob, key(1));
  EXPECT_EQ(keys.lines[0].place.text(), "keys:1");
  EXPECT_THAT(keys.warnings.texts(), IsEmpty());
}

TEST(AuthorizedKeys, BlankLinesCommentsAndEndings) {
  auto keys = parsed("\n# comment\n  \t\n   # indented\n" + line(1) + "\r\n\t " + line(2));
  ASSERT_EQ(keys.lines.size(), 2u);
  EXPECT_EQ(keys.lines[0].place.line, 5u);
  EXPECT_EQ(keys.lines[1].place.line, 6u);
  EXPECT_THAT(keys.warnings.texts(), IsEmpty());
}

TEST(AuthorizedKeys, NothingAtAll) {
  EXPECT_THAT(parsed("").lines, IsEmpty());
  EXPECT_THAT(parsed("\n\n").warnings.texts(), IsEmpty());
}

TEST(AuthorizedKeys, CommentMayHoldAnything) {
  std::string bare = "ssh-ed25519 " + base64_encode(key(1));
  EXPECT_TRUE(parse_key_line(bare));
  EXPECT_TRUE(parse_key_line(bare + " \"unclosed, from=\"* \\ \xff\xfe" + std::string(1, '\0')));
}

TEST(AuthorizedKeys, TabsBetweenFields) {
  EXPECT_TRUE(parse_key_line("restrict\t ssh-ed25519\t  " + base64_encode(key(1)) + "\tcomment"));
}

TEST(AuthorizedKeys, Options) {
  auto key = parse_key_line(line("from=\"192.0.2.0/24\",no-pty,permitopen=\"a:1\"", 1));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->options.from);
  EXPECT_THAT(key->options.permitopen, ElementsAre("a:1"));
}

TEST(AuthorizedKeys, BadLinesAreSkippedAndTheRestCounts) {
  auto keys = parsed(line(1) + "\ncommand=\"/bin/sh\" " + line(2) + "\nnonsense\n" + line(3) + "\n");
  EXPECT_EQ(keys.lines.size(), 2u);
  EXPECT_THAT(keys.warnings.texts(), ElementsAre("keys:2: command= is not supported", HasSubstr("keys:3: ")));
}

TEST(AuthorizedKeys, KeysThatMayNotLogIn) {
  EXPECT_EQ(reason(line_of("ssh-rsa", testing::rsa_key(4096))), "only ssh-ed25519 keys may log in");
  EXPECT_EQ(reason(line_of("ecdsa-sha2-nistp256", testing::key_of_type("ecdsa-sha2-nistp256"))),
            "only ssh-ed25519 keys may log in");
  EXPECT_EQ(reason(line_of("ssh-dss", testing::key_of_type("ssh-dss"))), "ssh-dss is too weak");
  EXPECT_EQ(reason(line_of("sk-ssh-ed25519@openssh.com", testing::key_of_type("sk-ssh-ed25519@openssh.com"))),
            "security keys are not supported");
  EXPECT_EQ(reason(line_of("ssh-ed25519-cert-v01@openssh.com",
                           testing::key_of_type("ssh-ed25519-cert-v01@openssh.com"))),
            "a certificate is not a key");
}

TEST(AuthorizedKeys, TheBlobMustBeWhatTheLineSays) {
  EXPECT_EQ(reason(line_of("ssh-ed25519", testing::rsa_key(2048))), "key is of another type than named");
  EXPECT_EQ(reason(line_of("ssh-ed25519", testing::key_of_type("ssh-ed448"))),
            "key is of another type than named");
  EXPECT_EQ(reason("cert-authority " + line_of("ssh-rsa", key(1))), "key is of another type than named");
  EXPECT_EQ(
      reason("cert-authority " + line_of("ecdsa-sha2-nistp256", testing::key_of_type("ecdsa-sha2-nistp384"))),
      "key is of another type than named");
}

TEST(AuthorizedKeys, MalformedKeys) {
  EXPECT_EQ(reason("ssh-ed25519"), "malformed base64");
  EXPECT_EQ(reason("ssh-ed25519 ???? comment"), "malformed base64");
  EXPECT_EQ(reason("ssh-ed25519 " + base64_encode(key(1)).substr(1)), "malformed base64");
  EXPECT_EQ(reason(line_of("ssh-ed25519", key(1).substr(0, 48))), "malformed ssh-ed25519 key");
  EXPECT_EQ(reason(line_of("ssh-ed25519", key(1) + "xyz")), "malformed ssh-ed25519 key");
  EXPECT_EQ(reason("ssh-ed25519 AAAA"), "malformed key");
}

TEST(AuthorizedKeys, NoKeyBehindTheOptions) {
  EXPECT_EQ(reason("restrict"), "no key of a known type");
  EXPECT_EQ(reason("restrict restrict"), "no key of a known type");
  EXPECT_EQ(reason("restrict, ssh-ed25519 AAAA"), "option 2 is empty");
  EXPECT_EQ(reason("from=\"* " + line(1)), "unclosed quote in the options");
}

TEST(AuthorizedKeys, CertificateAuthorities) {
  auto keys = parsed("cert-authority " + line(1) + "\ncert-authority,principals=\"ops\" " +
                     line_of("ssh-rsa", testing::rsa_key(2048)) + "\ncert-authority " +
                     line_of("ecdsa-sha2-nistp521", testing::key_of_type("ecdsa-sha2-nistp521")));
  ASSERT_EQ(keys.lines.size(), 3u);
  for (const KeyLine& line : keys.lines) EXPECT_TRUE(line.options.cert_authority);
  EXPECT_EQ(reason("cert-authority " + line_of("ssh-rsa", testing::rsa_key(1024))),
            "ssh-rsa key is too short");
}

TEST(AuthorizedKeys, ALineMayBeLongButNotTooLong) {
  std::string long_line = line(1) + std::string(max_key_line - line(1).size(), 'c');
  EXPECT_TRUE(parse_key_line(long_line));
  EXPECT_EQ(reason(long_line + "c"), "line is longer than 16 KiB");
}

// Somebody will give the wrong file.
TEST(AuthorizedKeys, APrivateKeyIsNeverRepeated) {
  auto keys =
      parsed("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==\nsecret\n"
             "-----END OPENSSH PRIVATE KEY-----\n");
  EXPECT_THAT(keys.lines, IsEmpty());
  ASSERT_EQ(keys.warnings.texts().size(), 4u);
  EXPECT_EQ(keys.warnings.texts()[0], "keys:1: this is not a public key line");
  for (const std::string& text : keys.warnings.texts()) {
    EXPECT_THAT(text, Not(HasSubstr("b3Blbn")));
    EXPECT_THAT(text, Not(HasSubstr("secret")));
  }
}

TEST(AuthorizedKeys, AMissingTypeDoesNotPutTheKeyIntoTheLog) {
  std::string blob = base64_encode(key(1));
  EXPECT_THAT(reason(blob + " comment"), Not(HasSubstr(blob.substr(0, 8))));
}

TEST(AuthorizedKeys, WarningsAreCountedBeyondTheLimit) {
  std::string text;
  for (std::size_t i = 0; i < max_warnings + 10; ++i) text += "nonsense\n";
  auto texts = parsed(text).warnings.texts();
  ASSERT_EQ(texts.size(), max_warnings + 1);
  EXPECT_EQ(texts.back(), "and 10 more lines");
}

TEST(AuthorizedKeys, SeveralFilesKeepTheirOrder) {
  AuthorizedKeys keys;
  parse_authorized_keys("b", line(1), keys);
  parse_authorized_keys("a", "\n" + line(2), keys);
  ASSERT_EQ(keys.lines.size(), 2u);
  EXPECT_EQ(keys.lines[0].place.text(), "b:1");
  EXPECT_EQ(keys.lines[1].place.text(), "a:2");
}

TEST(KeyLineParts, AreTheFieldsAsWritten) {
  auto parts = split_key_line(R"( from="10.0.0.0/8, a b",restrict  ssh-ed25519	AAAA  two words )");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->options, R"(from="10.0.0.0/8, a b",restrict)");
  EXPECT_EQ(parts->type, "ssh-ed25519");
  EXPECT_EQ(parts->base64, "AAAA");
  EXPECT_EQ(parts->comment, "two words");
  auto plain = split_key_line("ssh-rsa AAAA");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->options, "");
  EXPECT_EQ(plain->comment, "");
  EXPECT_FALSE(split_key_line("from=\"10.0.0.0/8 ssh-ed25519 AAAA"));
  EXPECT_FALSE(split_key_line("-----BEGIN OPENSSH PRIVATE KEY-----"));
}

} // namespace
} // namespace alk::pubkey::authorized_keys_test
