#include "journal_anchors.hpp"

#include <gmock/gmock.h>

using namespace alk::alknetctl;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(JournalAnchors, AreReadFromItsJson) {
  EXPECT_THAT(anchors_in(R"({"ALKNET_SEQUENCE":"7","ALKNET_HASH":"ab","MESSAGE":"x"}
{"ALKNET_SEQUENCE":"9","ALKNET_HASH":"cd"}
)"),
              ElementsAre("7:ab", "9:cd"));
}

TEST(JournalAnchors, WhatIsNoneIsLeftOut) {
  EXPECT_THAT(anchors_in(""), IsEmpty());
  EXPECT_THAT(anchors_in("nonsense\n[]\n{}\n{\"ALKNET_SEQUENCE\":7,\"ALKNET_HASH\":\"ab\"}\n"), IsEmpty());
  EXPECT_THAT(anchors_in(R"({"ALKNET_SEQUENCE":"7","ALKNET_HASH":[97,98]})"),
              IsEmpty()); // bytes that are no text
}
