#include "session_table.hpp"

#include <gtest/gtest.h>

namespace alk::listend::session_table_test {

static LiveSession session(std::uint64_t id, const char* identity) {
  LiveSession made;
  made.id = id;
  made.identity.id = identity;
  return made;
}

TEST(SessionTable, FindsByIdAndByIdentity) {
  SessionTable table;
  table.add(session(1, "a"));
  table.add(session(2, "b"));
  table.add(session(3, "a"));
  EXPECT_EQ(table.size(), 3U);
  ASSERT_NE(table.find(2), nullptr);
  EXPECT_EQ(table.find(2)->identity.id, "b");
  EXPECT_EQ(table.find(4), nullptr);
  EXPECT_NE(table.find_identity("a"), nullptr);
  EXPECT_EQ(table.find_identity("c"), nullptr);
  EXPECT_EQ(table.of_credentials({"a", "c"}).size(), 2U);
  EXPECT_EQ(table.credentials(), (std::vector<std::string>{"a", "b"}));
}

// Two logins of one identity, one of them by a certificate: each is revoked by its own name.
TEST(SessionTable, ACredentialStandsForTheIdentity) {
  SessionTable table;
  table.add(session(1, "a"));
  auto certified = session(2, "a");
  certified.constraints.credential = "cert:a";
  table.add(certified);
  EXPECT_EQ(table.credentials(), (std::vector<std::string>{"a", "cert:a"}));
  ASSERT_EQ(table.of_credentials({"a"}).size(), 1U);
  EXPECT_EQ(table.of_credentials({"a"})[0]->id, 1U);
  ASSERT_EQ(table.of_credentials({"cert:a"}).size(), 1U);
  EXPECT_EQ(table.of_credentials({"cert:a"})[0]->id, 2U);
}

TEST(SessionTable, RemovesOnce) {
  SessionTable table;
  table.add(session(1, "a"));
  auto removed = table.remove(1);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->identity.id, "a");
  EXPECT_FALSE(table.remove(1));
  EXPECT_EQ(table.size(), 0U);
}

} // namespace alk::listend::session_table_test
