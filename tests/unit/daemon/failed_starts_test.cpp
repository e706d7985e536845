#include "daemon/failed_starts.hpp"

#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

namespace alk::daemon::failed_starts_test {
namespace {

using std::chrono::milliseconds;

std::vector<loop::PassedDescriptor> passed_with(const char* name, std::uint64_t count) {
  std::vector<loop::PassedDescriptor> passed;
  Fd memory(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::pwrite(memory.get(), &count, sizeof count, 0), static_cast<ssize_t>(sizeof count));
  passed.push_back({"tls", Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  passed.push_back({name, std::move(memory)});
  return passed;
}

TEST(FailedStarts, TheFirstFailureIsReportedAtOnceAndTheRestGrowsToItsLimit) {
  EXPECT_EQ(rest_after(0), milliseconds(0));
  EXPECT_EQ(rest_after(1), milliseconds(0));
  EXPECT_EQ(rest_after(2), first_rest);
  EXPECT_EQ(rest_after(3), 2 * first_rest);
  EXPECT_EQ(rest_after(30), longest_rest);
  EXPECT_EQ(rest_after(~std::uint64_t{0}), longest_rest);
}

TEST(FailedStarts, CountsOnFromWhatWasKeptAndLeavesTheSockets) {
  auto passed = passed_with("failed-starts", 3);
  int before = ::dup(passed[1].fd.get());
  FailedStarts starts;
  starts.take(passed);
  ASSERT_EQ(passed.size(), 1U);
  EXPECT_EQ(passed[0].name, "tls");
  EXPECT_EQ(starts.count(), 3U);
  starts.add();
  std::uint64_t kept = 0;
  EXPECT_EQ(::pread(before, &kept, sizeof kept, 0), static_cast<ssize_t>(sizeof kept));
  EXPECT_EQ(kept, 4U);
  starts.forget();
  EXPECT_EQ(starts.count(), 0U);
  ::close(before);
}

TEST(FailedStarts, WhatIsNotOursIsLeftAlone) {
  auto passed = passed_with("ssh", 3);
  FailedStarts starts;
  starts.take(passed);
  EXPECT_EQ(passed.size(), 2U);
  EXPECT_EQ(starts.count(), 0U);
}

TEST(FailedStarts, ARestPassesOrEndsWithASignal) {
  EXPECT_TRUE(rest(milliseconds(0)));
  EXPECT_TRUE(rest(milliseconds(5)));
  std::signal(SIGALRM, [](int) { std::raise(SIGTERM); });
  itimerval soon{{0, 0}, {0, 20'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_FALSE(rest(std::chrono::minutes(10)));
  std::signal(SIGALRM, SIG_DFL);
}

} // namespace
} // namespace alk::daemon::failed_starts_test
