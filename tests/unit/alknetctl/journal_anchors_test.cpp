#include "journal_anchors.hpp"

#include <sstream>

#include <gmock/gmock.h>

namespace alk::alknetctl::journal_anchors_test {

using alk::pubkey::judge_signature;
using alk::pubkey::Signed;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

const std::string hash(64, 'a'), other(64, 'b');

std::string entry(const std::string& sequence, const std::string& row_hash, const std::string& more = "") {
  return R"({"ALKNET_SEQUENCE":")" + sequence + R"(","ALKNET_HASH":")" + row_hash + "\"" + more + "}\n";
}

JournalLines lines_of(const std::string& journal) {
  auto stream = std::make_shared<std::istringstream>(journal);
  return [stream]() -> alk::Result<std::optional<std::string>> {
    std::string line;
    if (!std::getline(*stream, line)) return std::optional<std::string>();
    return line;
  };
}

std::vector<alk::pubkey::Anchor> anchors_in(const std::string& journal) {
  auto anchors = JournalAnchors(lines_of(journal)).newest();
  EXPECT_TRUE(anchors);
  return anchors.value_or(std::vector<alk::pubkey::Anchor>());
}

// `count` entries, from the row `newest` downwards.
JournalLines many(std::size_t newest, std::size_t count, std::string more = "") {
  return [next = newest, count, more]() mutable -> alk::Result<std::optional<std::string>> {
    if (count == 0) return std::optional<std::string>();
    --count;
    return entry(std::to_string(next--), hash, more);
  };
}

JournalLines after(JournalLines first, JournalLines second) {
  return [first, second]() -> alk::Result<std::optional<std::string>> {
    auto line = first();
    return line && !*line ? second() : line;
  };
}

TEST(JournalAnchors, AreReadFromItsJson) {
  const auto anchors =
      anchors_in(entry("7", hash, R"(,"MESSAGE":"x","ALKNET_SIGNATURE":"unsigned")") + entry("9", other));
  ASSERT_THAT(anchors, SizeIs(2));
  EXPECT_EQ(anchors[0].text(), "7:" + hash);
  EXPECT_EQ(anchors[1].text(), "9:" + other);
}

TEST(JournalAnchors, WhatIsNoneIsLeftOut) {
  EXPECT_THAT(anchors_in(""), IsEmpty());
  EXPECT_THAT(anchors_in("nonsense\n[]\n{}\n{\"ALKNET_SEQUENCE\":7,\"ALKNET_HASH\":\"" + hash + "\"}\n"),
              IsEmpty());
  EXPECT_THAT(anchors_in(entry("7", "ab")), IsEmpty());
  EXPECT_THAT(anchors_in(R"({"ALKNET_SEQUENCE":"7","ALKNET_HASH":[97,98]})"),
              IsEmpty()); // bytes that are no text
}

TEST(JournalAnchors, ComeWithTheirSignatures) {
  const std::string key(43, 'A'), signature(86, 'A');
  const auto anchors = anchors_in(entry("7", hash,
                                        R"(,"ALKNET_TIME":"1700000000","ALKNET_KEY":")" + key +
                                            R"(","ALKNET_SIGNATURE":")" + signature + "\""));
  ASSERT_THAT(anchors, SizeIs(1));
  EXPECT_EQ(anchors[0].text(), "7:" + hash + ":1700000000:" + key + ":" + signature);
}

TEST(JournalAnchors, AreNotUnsignedWhenTheirSignatureIsNonsense) {
  for (const char* more : {R"(,"ALKNET_SIGNATURE":"AAAA")", R"(,"ALKNET_SIGNATURE":"-","ALKNET_TIME":"-")"}) {
    const auto anchors = anchors_in(entry("7", hash, more));
    ASSERT_THAT(anchors, SizeIs(1)) << more;
    EXPECT_EQ(judge_signature(anchors[0], std::string(32, 'k')), Signed::Wrong);
  }
}

const std::string key_text(43, 'A'), key_bytes(32, '\0');

std::string signed_entry(const std::string& sequence) {
  return entry(sequence, hash,
               R"(,"ALKNET_TIME":"1700000000","ALKNET_KEY":")" + key_text + R"(","ALKNET_SIGNATURE":")" +
                   std::string(86, 'A') + "\"");
}

TEST(JournalAnchors, OfManyOnlyTheNewestAreTaken) {
  JournalAnchors journal(many(5000, 3000));
  auto newest = journal.newest();
  ASSERT_TRUE(newest);
  ASSERT_THAT(*newest, SizeIs(max_journal_anchors));
  EXPECT_EQ(newest->front().sequence, 5000u);
  EXPECT_EQ(journal.read(), max_journal_anchors);
  EXPECT_FALSE(journal.all());
}

TEST(JournalAnchors, ASignedOneIsFoundBehindThousandsWithoutASignature) {
  const std::string other_key = R"(,"ALKNET_TIME":"1","ALKNET_KEY":")" + std::string(42, 'A') +
                                R"(E","ALKNET_SIGNATURE":")" + std::string(86, 'A') + "\"";
  JournalAnchors journal(after(after(many(9000, 2500), many(6000, 500, other_key)),
                               after(lines_of(signed_entry("7")), many(6, 6))));
  ASSERT_TRUE(journal.newest());
  auto found = journal.older_signed(key_bytes);
  ASSERT_TRUE(found);
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ((*found)[0].sequence, 7u);
  EXPECT_EQ(journal.read(), 3007u);
  EXPECT_TRUE(journal.all());
}

TEST(JournalAnchors, AreNotReadWithoutEnd) {
  JournalAnchors journal(after(many(9000, 1500), lines_of(signed_entry("7"))), 1500);
  ASSERT_TRUE(journal.newest());
  EXPECT_THAT(*journal.older_signed(key_bytes), IsEmpty());
  EXPECT_EQ(journal.read(), 1500u);
  EXPECT_FALSE(journal.all());
  const std::string more = signed_entry("7").substr(entry("7", hash).size() - 2);
  JournalAnchors all_signed(
      many(9000, max_journal_anchors + max_older_signed + 1, more.substr(0, more.size() - 2)));
  ASSERT_TRUE(all_signed.newest());
  EXPECT_THAT(*all_signed.older_signed(key_bytes), SizeIs(max_older_signed));
  EXPECT_FALSE(all_signed.all());
}

TEST(JournalAnchors, AnErrorIsPassedOn) {
  JournalAnchors journal([]() -> alk::Result<std::optional<std::string>> {
    return alk::fail(alk::Kind::Unsupported, "no journal");
  });
  EXPECT_FALSE(journal.newest());
}

} // namespace
} // namespace alk::alknetctl::journal_anchors_test
