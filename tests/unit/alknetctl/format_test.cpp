#include "format.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::alknetctl::format_test {

using testing::ElementsAre;

TEST(TableTest, ColumnsFitTheirWidestCellAndLinesHaveNoTail) {
  Table table({"A", "LONGER"});
  table.add({"wide cell", "x"});
  table.add({"", "y"});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "A          LONGER\nwide cell  x\n           y\n");
}

TEST(Durations, TwoUnits) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(59), "59s");
  EXPECT_EQ(duration_text(60), "1m 0s");
  EXPECT_EQ(duration_text(3599), "59m 59s");
  EXPECT_EQ(duration_text(3600), "1h 0m");
  EXPECT_EQ(duration_text(86399), "23h 59m");
  EXPECT_EQ(duration_text(86400 * 400 + 7200), "400d 2h");
  EXPECT_EQ(age_text(0, 5), "-");
  EXPECT_EQ(age_text(6, 5), "-");
  EXPECT_EQ(age_text(5, 5), "0s");
}

TEST(Cells, AreSafeAndNeverEmpty) {
  EXPECT_EQ(cell(""), "-");
  EXPECT_EQ(cell("a\x1b]0;b"), "a\\x1b]0;b");
  EXPECT_EQ(cell("two words"), "two\\x20words");
  EXPECT_EQ(address_text("192.0.2.1", 22), "192.0.2.1:22");
  EXPECT_EQ(address_text("::1", 22), "[::1]:22");
  EXPECT_EQ(address_text("", 0), "-");
}

TEST(Lines, KeepSpacesAndLoseControl) {
  EXPECT_THAT(printable_lines("one two\n\nthree\x1b[0m\xc3\xa4\n"),
              ElementsAre("one two", "three\\x1b[0m\\xc3\\xa4"));
}

} // namespace alk::alknetctl::format_test
