#include "http_body.hpp"

#include <string>

#include <gtest/gtest.h>

namespace alk::listend::http_body_test {
namespace {

using Step = BodySkipper::Step;

// What is left of `text` behind the body; "invalid" or "more" otherwise.
std::string rest_of(BodySkipper skipper, std::string_view text) {
  const auto step = skipper.feed(text);
  return step == Step::Done ? std::string(text) : step == Step::More ? "more" : "invalid";
}

TEST(HttpBody, CountedBodies) {
  EXPECT_EQ(rest_of(BodySkipper::of_length(5), "helloGET"), "GET");
  EXPECT_EQ(rest_of(BodySkipper::of_length(5), "hell"), "more");
  EXPECT_EQ(rest_of(BodySkipper::of_length(0), "GET"), "GET");
  EXPECT_TRUE(BodySkipper().done());
}

TEST(HttpBody, ReadsNeverGoBeyondACountedBody) {
  EXPECT_EQ(BodySkipper::of_length(5).wanted(), 5U);
  EXPECT_EQ(BodySkipper::of_length(1 << 20).wanted(), 4096U);
  EXPECT_EQ(BodySkipper::chunked().wanted(), 4096U);
}

TEST(HttpBody, ChunkedBodies) {
  for (const char* good : {"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n",
                           "a;x=\"y\"\r\n0123456789\r\n0;z\r\nT: 1\r\nU\r\n\r\n",
                           "05 \t\r\nhello\r\n00\r\n\r\n", "1\r\n\r\r\n0\r\n\r\n"})
    EXPECT_EQ(rest_of(BodySkipper::chunked(), std::string(good) + "GET"), "GET") << good;
  for (const char* bad : {"x", "\r\n", "-1", "5x", "5\rx", "5\r\nhelloX", "5\r\nhello\rX", "0\r\n\rX",
                          "0\r\nT\rX", "fffffffffffffffff"})
    EXPECT_EQ(rest_of(BodySkipper::chunked(), bad), "invalid") << bad;
  for (const char* part : {"", "5", "5\r\nhell", "0\r\n", "0\r\nT: 1\r\n", "7ffffffffffffff"})
    EXPECT_EQ(rest_of(BodySkipper::chunked(), part), "more") << part;
}

TEST(HttpBody, PiecesOfAnySizeGiveTheSame) {
  const std::string text = "3;a\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\nrest";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    auto skipper = BodySkipper::chunked();
    std::string_view left = text;
    while (!skipper.done()) {
      auto piece = left.substr(0, size);
      const auto before = piece.size();
      ASSERT_NE(skipper.feed(piece), Step::Invalid);
      left.remove_prefix(before - piece.size());
    }
    EXPECT_EQ(left, "rest") << size;
  }
}

} // namespace
} // namespace alk::listend::http_body_test
