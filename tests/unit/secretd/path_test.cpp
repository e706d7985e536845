#include "alknet-secretd/path.hpp"

#include <gtest/gtest.h>

namespace alk::secretd::path_test {
namespace {

std::string read(std::string_view text) {
  auto path = parse_path(text);
  return path ? path->text() : "Invalid";
}

Kind branch_kind(std::string_view text, Branch branch) {
  auto good = check_branch(*parse_path(text), branch);
  return good ? Kind::Gone : good.error().kind; // Gone: never an answer of it
}

TEST(Path, IsReadAndWritten) {
  EXPECT_EQ(read("m"), "m");
  EXPECT_EQ(read("m/74'/0'/1'/0'"), "m/74'/0'/1'/0'");
  EXPECT_EQ(read("m/44h/60h/0h/0/0"), "m/44'/60'/0'/0/0");
  EXPECT_EQ(read("m/2147483647'/2147483647"), "m/2147483647'/2147483647");
  EXPECT_EQ(parse_path("m/1'")->indices, std::vector<std::uint32_t>{1 | hardened});
}

TEST(Path, AnythingElseIsInvalid) {
  for (const char* text : {"",
                           "/",
                           "m/",
                           "M/0'",
                           "n",
                           "m/0'/",
                           "m//0",
                           "m/-1",
                           "m/+1",
                           "m/ 1",
                           "m/1 ",
                           "m/0x1",
                           "m/1''",
                           "m/1'h",
                           "m/'",
                           "m/h",
                           "m/H",
                           "m/1H",
                           "m/00",
                           "m/01'",
                           "m/2147483648",
                           "m/4294967296",
                           "m/99999999999999999999",
                           "0'/1'",
                           "m/1\xe2\x80\x99",
                           "mm",
                           "m/1/m"})
    EXPECT_EQ(read(text), "Invalid") << text;
  EXPECT_EQ(read(std::string_view("m/1\0", 4)), "Invalid");
}

TEST(Path, HasABound) {
  std::string text = "m";
  for (std::size_t i = 0; i < max_path_depth; ++i) text += "/2147483647'";
  EXPECT_EQ(read(text), text);
  EXPECT_EQ(read(text + "/0"), "Invalid");
  EXPECT_EQ(read("m/" + std::string(max_path_text, '1')), "Invalid");
}

TEST(Path, EachBranchHasItsOwn) {
  EXPECT_EQ(branch_kind("m/74'/0'/0'/0'", Branch::Identity), Kind::Gone);
  EXPECT_EQ(branch_kind("m/74'/1'/0'/7'", Branch::Password), Kind::Gone);
  EXPECT_EQ(branch_kind("m/74'/2'/0'/0'", Branch::Encryption), Kind::Gone);
  EXPECT_EQ(branch_kind("m/44'/60'/0'/0/0", Branch::Ethereum), Kind::Gone);
  const std::pair<const char*, Branch> wrong[] = {
      {"m/74'/2'/0'/0'", Branch::Identity},   {"m/74'/0'/0'/0'", Branch::Encryption},
      {"m/74'/0'/0'/0'", Branch::Password},   {"m/74'/0'/0'/0'", Branch::Ethereum},
      {"m/44'/60'/0'/0/0", Branch::Identity}, {"m", Branch::Identity},
      {"m/74'/0'", Branch::Identity},         {"m/74'/0'/0", Branch::Identity},
      {"m/74/0'/0'", Branch::Identity},       {"m/74'/0/0'", Branch::Identity},
      {"m/44'/60'", Branch::Ethereum},        {"m/44'/60/0", Branch::Ethereum},
      {"m/44'/0'/0'", Branch::Ethereum},      {"m/75'/0'/0'", Branch::Identity},
  };
  for (auto [text, branch] : wrong) EXPECT_EQ(branch_kind(text, branch), Kind::Invalid) << text;
}

TEST(Path, KeyVersionsBeginAtTwo) {
  EXPECT_EQ(encryption_path(2)->text(), "m/74'/2'/0'/0'");
  EXPECT_EQ(encryption_path(9)->text(), "m/74'/2'/0'/7'");
  EXPECT_EQ(encryption_path(0x80000001)->text(), "m/74'/2'/0'/2147483647'");
  for (std::uint32_t version : {0U, 1U, 0x80000002U, 0xffffffffU})
    EXPECT_EQ(encryption_path(version).error().kind, Kind::Invalid) << version;
  EXPECT_EQ(identity_path().text(), "m/74'/0'/0'/0'");
  EXPECT_EQ(host_key_path().text(), "m/74'/0'/1'/0'");
}

} // namespace
} // namespace alk::secretd::path_test
