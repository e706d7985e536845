// What is found again after a restart, and why one is stopped.
#include "control/channel.hpp"
#include "supervisor/generation_store.hpp"
#include "supervisor/job_type.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alk::listend::generation_store_test {

namespace {

Fd control() {
  return std::move(make_control_pair()->supervisor);
}

Fd null() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(GenerationStore, TakesControlSocketsAndLeavesTheRest) {
  std::vector<loop::PassedDescriptor> passed;
  passed.push_back({"tls", null()});
  passed.push_back({stored_name(7, 4711), control()});
  passed.push_back({stored_name(9, 4712), control()});
  passed.push_back({stored_name(11, 1), null()}); // a listener may be called anything
  passed.push_back({"gen-x-1", control()});
  passed.push_back({"gen-12", control()});
  GenerationStore store;
  auto engines = store.take(passed);
  ASSERT_EQ(engines.size(), 2U);
  EXPECT_EQ(engines[0].number, 7U);
  EXPECT_EQ(engines[0].pid, 4711);
  EXPECT_TRUE(engines[0].control);
  EXPECT_EQ(store.last_number(), 9U);
  EXPECT_EQ(passed.size(), 4U);
  EXPECT_EQ(passed[0].name, "tls");
}

TEST(GenerationStore, NumbersGoOnWhenNoEngineIsLeft) {
  Fd counter(::memfd_create("counter", MFD_CLOEXEC));
  std::uint64_t number = 41;
  ASSERT_EQ(::pwrite(counter.get(), &number, sizeof number, 0), static_cast<ssize_t>(sizeof number));
  std::vector<loop::PassedDescriptor> passed;
  passed.push_back({"generation-number", std::move(counter)});
  GenerationStore store;
  EXPECT_TRUE(store.take(passed).empty());
  EXPECT_TRUE(passed.empty());
  EXPECT_EQ(store.last_number(), 41U);
}

TEST(GenerationStore, FindsTheSumsOfTheLastSupervisor) {
  Fd sums(::memfd_create("sums", MFD_CLOEXEC));
  ASSERT_EQ(::pwrite(sums.get(), "counted", 7, 0), 7);
  std::vector<loop::PassedDescriptor> passed;
  passed.push_back({"metric-sums", std::move(sums)});
  GenerationStore store;
  EXPECT_TRUE(store.take(passed).empty());
  EXPECT_TRUE(passed.empty());
  EXPECT_EQ(store.last_sums(), "counted");
}

TEST(JobType, FindsTheUnitOfThisProcess) {
  EXPECT_EQ(unit_of_cgroup("0::/alknet.slice/alknet-listend.service\n"), "alknet-listend.service");
  EXPECT_EQ(
      unit_of_cgroup("12:pids:/other.service\n1:name=systemd:/alknet.slice/alknet-listend.service\n0::/\n"),
      "alknet-listend.service");
  EXPECT_EQ(unit_of_cgroup("0::/payload/alknet.slice/alknet-listend.service/sub\n"),
            "alknet-listend.service");
  EXPECT_EQ(unit_of_cgroup("0::/user.slice/user-0.slice/session-1.scope\n"), "");
  EXPECT_EQ(unit_of_cgroup(""), "");
}

} // namespace
} // namespace alk::listend::generation_store_test
