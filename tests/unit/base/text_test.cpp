#include "base/text.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::text_test {
namespace {

using namespace std::string_view_literals;

TEST(Text, TrimAndSplit) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), std::vector<std::string_view>{""});
  EXPECT_EQ(to_lower("AzÄ09"), "azÄ09");
}

TEST(Text, NumbersAreDecimalDigitsAlone) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), ~0ULL);
  for (auto text : {"", "18446744073709551616", "+1", "-1", " 1", "1 ", "0x10", "1e3"})
    EXPECT_FALSE(parse_number(text)) << text;
  EXPECT_EQ(parse_port("65535"), 65535);
  EXPECT_FALSE(parse_port("65536"));
}

TEST(EscapeToken, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(escape_token("alice@host.example:22/[::1],~"), "alice@host.example:22/[::1],~");
}

TEST(EscapeToken, AnEmptyValueIsADash) {
  EXPECT_EQ(escape_token(""), "-");
}

// Whatever could end the token or the line, or start another pair.
TEST(EscapeToken, NothingBreaksOutOfTheToken) {
  EXPECT_EQ(escape_token("a b"), "a\\x20b");
  EXPECT_EQ(escape_token("x\nINFO auth"), "x\\x0aINFO\\x20auth");
  EXPECT_EQ(escape_token("u result=accept"), "u\\x20result\\x3daccept");
  EXPECT_EQ(escape_token("\"'\\"), "\\x22\\x27\\x5c");
  EXPECT_EQ(escape_token("\0\x1b\x7f\x80\xff"sv), "\\x00\\x1b\\x7f\\x80\\xff");
  EXPECT_EQ(escape_token("ä\xe2\x80\xa8"), "\\xc3\\xa4\\xe2\\x80\\xa8"); // UTF-8 and U+2028 byte by byte
  for (int c = 0; c < 256; ++c) {
    std::string token = escape_token(std::string(1, static_cast<char>(c)));
    EXPECT_EQ(token.find_first_of(" \"'=\n\r\t"), std::string::npos) << c;
    for (char out : token) EXPECT_TRUE(out > 0x20 && out < 0x7f) << c;
  }
}

TEST(EscapeToken, CutsAfterTheLimitOfTheOriginal) {
  EXPECT_EQ(escape_token(std::string(256, 'a')), std::string(256, 'a'));
  EXPECT_EQ(escape_token(std::string(257, 'a')), std::string(256, 'a') + "...");
  EXPECT_EQ(escape_token("  ab", 3), "\\x20\\x20a...");
  EXPECT_LE(escape_token(std::string(1 << 20, '\n')).size(), 4 * log_token_limit + 3);
}

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "alk-text-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string directory_;
};

TEST_F(Files, ReadIsBounded) {
  std::ofstream(path("f")) << std::string(20000, 'x');
  EXPECT_EQ(read_file(path("f"), 20000).value().size(), 20000U);
  auto large = read_file(path("f"), 19999);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, Kind::Invalid);
  EXPECT_EQ(read_file(path("none"), 10).error().kind, Kind::NotFound);
  EXPECT_FALSE(read_file(directory_, 10)); // a directory
}

TEST_F(Files, WriteReplacesContentAndModeAndLeavesNothingElse) {
  std::ofstream(path("f")) << "a much longer old content";
  ::chmod(path("f").c_str(), 0644);
  ASSERT_TRUE(write_file_atomically(path("f"), "new", 0600));
  EXPECT_EQ(read_file(path("f"), 100).value(), "new");
  struct stat status {};
  ASSERT_EQ(::stat(path("f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(Files, AFailedWriteLeavesTheOldFile) {
  std::filesystem::create_directory(path("d"));
  EXPECT_FALSE(write_file_atomically(path("d"), "new", 0600)); // a directory cannot be replaced
  EXPECT_FALSE(write_file_atomically(path("no/such"), "new", 0600));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

} // namespace
} // namespace alk::text_test
