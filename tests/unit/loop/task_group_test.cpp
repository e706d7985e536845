#include "loop/asio.hpp"
#include "loop/task_group.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace alk::loop::task_group_test {
namespace {

using namespace std::chrono_literals;

Task<> add(int& sum, int value) {
  sum += value;
  co_return;
}

Task<> wait_long(std::error_code& ended) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  auto [error] = co_await timer.async_wait(as_value);
  ended = error;
}

Task<> throw_up() {
  throw std::runtime_error("bad day");
  co_return;
}

Task<> spawn_more(TaskGroup& group, int& sum) {
  group.spawn("more", add(sum, 10));
  co_return;
}

TEST(TaskGroup, RunsTasksAndDrains) {
  asio::io_context context;
  TaskGroup group(context);
  int sum = 0;
  bool drained = false;
  group.spawn("one", add(sum, 1));
  group.spawn("two", add(sum, 2));
  group.when_drained([&] { drained = true; });
  EXPECT_FALSE(drained); // never from inside the call
  context.run();
  EXPECT_TRUE(drained);
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, AnEmptyGroupDrainsByPost) {
  asio::io_context context;
  TaskGroup group(context);
  bool drained = false;
  group.when_drained([&] { drained = true; });
  EXPECT_FALSE(drained);
  context.run();
  EXPECT_TRUE(drained);
}

TEST(TaskGroup, CancelEndsEveryWait) {
  asio::io_context context;
  TaskGroup group(context);
  std::error_code first, second;
  bool drained = false;
  group.spawn("first", wait_long(first));
  group.spawn("second", wait_long(second));
  asio::post(context, [&] {
    EXPECT_EQ(group.size(), 2U);
    group.when_drained([&] { drained = true; });
    group.cancel();
  });
  context.run();
  EXPECT_TRUE(drained);
  EXPECT_EQ(first, asio::error::operation_aborted);
  EXPECT_EQ(second, asio::error::operation_aborted);
}

// A task whose frame has not run yet must not miss the cancellation and wait an hour.
TEST(TaskGroup, CancelReachesATaskThatHasNotStarted) {
  asio::io_context context;
  TaskGroup group(context);
  std::error_code ended;
  group.spawn("late", wait_long(ended));
  group.cancel();
  context.run_for(5s);
  EXPECT_EQ(group.size(), 0U);
  EXPECT_FALSE(context.run_one_for(0s));
}

Task<> wait_twice(int& reached, TaskGroup& group) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 0s);
  co_await timer.async_wait(as_value);
  reached = 1;
  group.cancel(); // as another handler may do while this task is ready to run
  timer.expires_after(1h);
  co_await timer.async_wait(as_value);
  reached = 2;
}

TEST(TaskGroup, CancelBetweenTwoWaitsEndsTheTaskAtTheSecond) {
  asio::io_context context;
  TaskGroup group(context);
  int reached = 0;
  group.spawn("twice", wait_twice(reached, group));
  context.run_for(5s);
  EXPECT_EQ(reached, 1);
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, NothingStartsAfterCancel) {
  asio::io_context context;
  TaskGroup group(context);
  group.cancel();
  int sum = 0;
  group.spawn("late", add(sum, 1));
  context.run();
  EXPECT_EQ(sum, 0);
}

TEST(TaskGroup, ATaskMaySpawnAnother) {
  asio::io_context context;
  TaskGroup group(context);
  int sum = 0;
  group.spawn("outer", spawn_more(group, sum));
  context.run();
  EXPECT_EQ(sum, 10);
}

TEST(TaskGroup, AStoppedLoopMayTakeItsTasksAlong) {
  asio::io_context context;
  std::error_code ended;
  {
    TaskGroup group(context);
    group.spawn("long", wait_long(ended));
    context.poll();
    context.stop();
  }
  SUCCEED();
}

TEST(TaskGroupDeathTest, DyingWithARunningTaskIsABug) {
  EXPECT_DEATH(
      {
        asio::io_context context;
        std::error_code ended;
        TaskGroup group(context);
        group.spawn("long", wait_long(ended));
        context.poll();
        group.~TaskGroup();
      },
      "check failed");
}

TEST(TaskGroupDeathTest, AnExceptionEndsTheProcess) {
  EXPECT_DEATH(
      {
        asio::io_context context;
        TaskGroup group(context);
        group.spawn("thrower", throw_up());
        context.run();
      },
      "");
}

} // namespace
} // namespace alk::loop::task_group_test
