#include "../pubkey/keys.hpp"
#include "key_lines.hpp"

#include <gmock/gmock.h>

namespace alk::alknetctl::key_lines_test {
namespace {

using pubkey::testing::id;
using pubkey::testing::key;
using pubkey::testing::line;
using pubkey::testing::line_of;
using pubkey::testing::rsa_key;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string named(unsigned char seed, const std::string& comment) {
  return "ssh-ed25519 " + base64_encode(key(seed)) + " " + comment;
}

TEST(ReadKeyLines, TellsWhatEachLineHolds) {
  auto entries = read_key_lines("# people\n\n" + line("from=\"10.0.0.0/8, x\",restrict", 1) + "\n" + line(2));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].line, 3u);
  EXPECT_EQ(entries[0].fingerprint, id(1));
  EXPECT_EQ(entries[0].type, "ssh-ed25519");
  EXPECT_EQ(entries[0].options, "from=\"10.0.0.0/8, x\",restrict");
  EXPECT_EQ(entries[0].comment, "somebody@somewhere");
  EXPECT_THAT(entries[1].options, IsEmpty());
}

TEST(ReadKeyLines, TellsWhatIsLeftOut) {
  auto entries = read_key_lines(line(1) + "\n" + line("command=\"x\"", 2) + "\nnonsense\n" + line(1) + "\n" +
                                line("cert-authority", 3) + "\n" + line(3) + "\n" +
                                line_of("ssh-rsa", rsa_key(2048)) + "\n");
  ASSERT_EQ(entries.size(), 7u);
  EXPECT_THAT(entries[0].refusal, IsEmpty());
  EXPECT_THAT(entries[1].refusal, HasSubstr("command= is not supported"));
  EXPECT_EQ(entries[1].fingerprint, id(2)); // so that it can be removed
  EXPECT_THAT(entries[2].fingerprint, IsEmpty());
  EXPECT_THAT(entries[2].refusal, Not(IsEmpty()));
  EXPECT_EQ(entries[3].refusal, "the key stands already in line 1");
  EXPECT_THAT(entries[4].refusal, IsEmpty());
  EXPECT_EQ(entries[5].refusal, "the key is a certificate authority");
  EXPECT_EQ(entries[6].refusal, "only ssh-ed25519 keys may log in");
}

TEST(AddKeyLines, AppendsAndKeepsEveryByteBefore) {
  auto added = add_key_lines("# people\r\n\n" + line(1), "new.pub", "  " + line(2) + "\r\n# x\n\n" + line(3));
  ASSERT_TRUE(added) << added.error().describe();
  EXPECT_EQ(added->text, "# people\r\n\n" + line(1) + "\n" + line(2) + "\n" + line(3) + "\n");
  ASSERT_EQ(added->added.size(), 2u);
  EXPECT_EQ(added->added[0].fingerprint, id(2));
  EXPECT_EQ(added->added[1].line, 5u);
}

TEST(AddKeyLines, AKeyIsNotAddedTwice) {
  auto again = add_key_lines(line(1) + "\n", "x", named(1, "another comment"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->text, line(1) + "\n");
  EXPECT_THAT(again->added, IsEmpty());
  ASSERT_EQ(again->known.size(), 1u);
  EXPECT_EQ(again->known[0].line, 1u);
  auto twice = add_key_lines("", "x", line(1) + "\n" + line(1) + "\n");
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->text, line(1) + "\n");
}

// Else somebody would believe in a restriction that does not count.
TEST(AddKeyLines, OtherOptionsForAKnownKeyAreAConflict) {
  for (const char* options : {"restrict", "cert-authority"}) {
    auto added = add_key_lines(line(1) + "\n", "x", line(options, 1));
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, Kind::Conflict);
    EXPECT_THAT(added.error().what, HasSubstr(id(1) + " stands already in line 1"));
  }
  EXPECT_EQ(add_key_lines(line("cert-authority", 1), "x", line(1)).error().kind, Kind::Conflict);
}

TEST(AddKeyLines, ALineThatDoesNotCountIsNoObstacle) {
  auto added = add_key_lines(line("command=\"x\"", 1) + "\n", "x", line(1));
  ASSERT_TRUE(added);
  EXPECT_EQ(added->added.size(), 1u);
}

TEST(AddKeyLines, RefusesWhatAuthdWouldAndAddsNothingThen) {
  for (const std::string& bad :
       {line("command=\"x\"", 2), line_of("ssh-rsa", rsa_key(2048)), std::string("hello there"),
        std::string("-----BEGIN OPENSSH PRIVATE KEY-----"), line(2) + " \x1b[31m", line("from=\"x", 2)}) {
    auto added = add_key_lines("", "new.pub", line(1) + "\n" + bad + "\n");
    ASSERT_FALSE(added) << bad;
    EXPECT_EQ(added.error().kind, Kind::Invalid);
    EXPECT_THAT(added.error().what, HasSubstr("new.pub:2: "));
  }
  EXPECT_EQ(add_key_lines(line(1), "new.pub", "# nothing\n").error().what, "new.pub: no key in it");
}

TEST(AddKeyLines, TheFileStaysReadableForAuthd) {
  std::string full(4 * 1024 * 1024 - 10, '#');
  EXPECT_EQ(add_key_lines(full, "x", line(1)).error().kind, Kind::Invalid);
}

TEST(RemoveKeyLines, ByFingerprintTakesEveryLineOfTheKey) {
  auto removed = remove_key_lines("# a\n" + line(1) + "\n\n" + line("restrict", 1) + "\n" + line(2), id(1));
  ASSERT_TRUE(removed) << removed.error().describe();
  EXPECT_EQ(removed->text, "# a\n\n" + line(2));
  EXPECT_EQ(removed->removed.size(), 2u);
}

TEST(RemoveKeyLines, ByCommentWhenOneKeyHasIt) {
  std::string text = named(1, "ann at home") + "\n" + named(2, "bob") + "\n" + named(2, "old bob") + "\n";
  auto removed = remove_key_lines(text, "bob");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->text, named(1, "ann at home") + "\n");
  EXPECT_TRUE(remove_key_lines(text, "ann at home"));
  EXPECT_EQ(remove_key_lines(text, "ann").error().kind, Kind::NotFound);
  EXPECT_EQ(remove_key_lines(text, id(9)).error().kind, Kind::NotFound);
}

TEST(RemoveKeyLines, AnAmbiguousCommentRemovesNothing) {
  auto removed = remove_key_lines(line(1) + "\n" + line(2) + "\n", "somebody@somewhere");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().kind, Kind::Conflict);
  EXPECT_THAT(removed.error().what, HasSubstr(id(1)));
  EXPECT_THAT(removed.error().what, HasSubstr(id(2)));
}

TEST(RemoveKeyLines, LinesThatDoNotCountCanGo) {
  auto removed = remove_key_lines(line("command=\"x\"", 1) + "\n", id(1));
  ASSERT_TRUE(removed);
  EXPECT_THAT(removed->text, IsEmpty());
}

} // namespace
} // namespace alk::alknetctl::key_lines_test
