#include "journal_anchors.hpp"

#include <gmock/gmock.h>

using namespace alk::alknetctl;
using alk::pubkey::judge_signature;
using alk::pubkey::Signed;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

const std::string hash(64, 'a'), other(64, 'b');

std::string entry(const std::string& sequence, const std::string& row_hash, const std::string& more = "") {
  return R"({"ALKNET_SEQUENCE":")" + sequence + R"(","ALKNET_HASH":")" + row_hash + "\"" + more + "}\n";
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

} // namespace
