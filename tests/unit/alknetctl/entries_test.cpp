#include "entries.hpp"
#include "store_verbs.hpp"

#include <set>

#include <gtest/gtest.h>

namespace alk::alknetctl::entries_test {
namespace {

const bus::Dictionary entry = {{"email", std::string("a@b")},
                               {"name", std::string("Ada \x1b[31m")},
                               {"scopes", std::vector<std::string>{"a:b", "c d"}},
                               {"none", std::vector<std::string>{}},
                               {"enabled", true},
                               {"rows", std::uint64_t{7}},
                               {"after", std::int64_t{-1}},
                               {"time", std::uint64_t{1'700'000'000}},
                               {"later", bus::Opaque{"ay"}}};

TEST(Entries, AreSafeCells) {
  EXPECT_EQ(entry_cell(entry, "email"), "a@b");
  EXPECT_EQ(entry_cell(entry, "name").find('\x1b'), std::string::npos);
  EXPECT_EQ(entry_cell(entry, "none"), "-");
  EXPECT_EQ(entry_cell(entry, "missing"), "-");
  EXPECT_EQ(entry_cell(entry, "later"), "-");
  EXPECT_EQ(entry_cell(entry, "enabled"), "yes");
  EXPECT_EQ(entry_cell(entry, "rows"), "7");
  EXPECT_EQ(entry_cell(entry, "after"), "-1");
  EXPECT_EQ(entry_cell(entry, "scopes").find(' '), std::string::npos);
  EXPECT_EQ(entry_date(entry, "time"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(entry_date(entry, "missing"), "-");
  EXPECT_TRUE(entry_true(entry, "enabled"));
  EXPECT_FALSE(entry_true(entry, "rows"));
}

TEST(Entries, AreJsonUnderTheirNames) {
  Json json = entry_json(entry);
  EXPECT_EQ(json["scopes"].size(), 2u);
  EXPECT_EQ(json["enabled"], true);
  EXPECT_EQ(json["after"], -1);
  EXPECT_TRUE(json["later"].is_null());
  EXPECT_EQ(entries_json({entry, entry}).size(), 2u);
}

TEST(ApiKeyText, IsLongMarkedAndNeverTheSame) {
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const std::string key(make_api_key().view());
    EXPECT_EQ(key.size(), 47u);
    EXPECT_EQ(key.substr(0, 4), "alk_");
    made.insert(key);
  }
  EXPECT_EQ(made.size(), 100u);
}

} // namespace
} // namespace alk::alknetctl::entries_test
