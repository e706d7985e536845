#include "base/memory_file.hpp"
#include "daemon/committed_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace alk::daemon::committed_store_test {
namespace {

Fd text_of(std::uint64_t generation) {
  return std::move(*config::pack({generation, {{"/a", "a", ""}}, {}, {}}));
}

TEST(CommittedStore, TakesTheLastTextAndLeavesTheSockets) {
  std::vector<loop::PassedDescriptor> passed;
  passed.push_back({"committed-9", text_of(90)}); // a crash between storing one and removing the other
  passed.push_back({"tls", Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  passed.push_back({"committed-10", text_of(100)});
  passed.push_back({"prepared-11", text_of(110)});
  CommittedStore store("committed");
  auto text = store.take(passed);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->generation, 100U);
  ASSERT_EQ(passed.size(), 2U);
  EXPECT_EQ(passed[0].name, "tls");
  EXPECT_EQ(CommittedStore("prepared").take(passed)->generation, 110U);
  EXPECT_EQ(passed.size(), 1U);
}

TEST(CommittedStore, WhatCannotBeReadIsNothing) {
  std::vector<loop::PassedDescriptor> passed;
  EXPECT_FALSE(CommittedStore("committed").take(passed));
  const std::string_view half[] = {"half"};
  passed.push_back({"committed-1", std::move(*seal_in_memory(half))});
  EXPECT_FALSE(CommittedStore("committed").take(passed));
  EXPECT_TRUE(passed.empty());
}

TEST(CommittedStore, WithoutAServiceManagerNothingIsKept) {
  CommittedStore store("committed");
  store.keep({1, {{"/a", "a", ""}}, {}, {}});
  store.withdraw();
}

} // namespace
} // namespace alk::daemon::committed_store_test
