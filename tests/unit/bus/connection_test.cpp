#include "bus/error_map.hpp"
#include "bus/object.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "pair.hpp"

#include <deque>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::bus::test::connection_test {
namespace {

using std::chrono::milliseconds;

constexpr PolicyRule anyone[] = {{"Keep", Who::Anyone}, {"Take", Who::Anyone}};

// A service that keeps every call until the test answers it.
struct ConnectionTest : testing::Test {
  asio::io_context loop;
  Pair pair{loop};
  std::deque<Call> kept;
  std::vector<std::uint32_t> order; // arguments in the order of arrival
  std::unique_ptr<Object> object;
  std::vector<Result<Message>> answers;

  void SetUp() override {
    Interface interface {
      "org.alknet.Test1",
          {{"Keep",
            {{"u", "number"}},
            {},
            [this](Call call) {
              order.push_back(call.in.read_u32().value_or(0));
              kept.push_back(std::move(call));
            }}},
          {}, {}, anyone
    };
    auto made = Object::make(*pair.server, path, std::move(interface));
    ASSERT_TRUE(made);
    object = std::move(*made);
  }

  Message keep(std::uint32_t number) {
    auto message = pair.client->make_call(target, "Keep");
    message.write_u32(number);
    return message;
  }

  void call(std::uint32_t number, milliseconds timeout) {
    pair.client->call(keep(number), timeout,
                      [this](Result<Message> result) { answers.push_back(std::move(result)); });
  }

  bool wait_for_answers(std::size_t count) {
    return run_until(loop, [&] { return answers.size() >= count; });
  }

  void answer_first() {
    kept.front().finish({});
    kept.pop_front();
  }
};

TEST_F(ConnectionTest, AtMostAHundredCallsAreOnTheWay) {
  for (std::uint32_t i = 0; i < max_in_flight + 20; ++i) call(i, milliseconds(8000));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == max_in_flight; }));
  loop.run_for(milliseconds(20)); // nothing more may come
  EXPECT_EQ(kept.size(), max_in_flight);
  answer_first();
  ASSERT_TRUE(run_until(loop, [&] { return order.size() == max_in_flight + 1; }));
  EXPECT_EQ(order.back(), max_in_flight);
  EXPECT_EQ(answers.size(), 1u);
  while (order.size() < max_in_flight + 20 || !kept.empty()) {
    if (!kept.empty()) answer_first();
    loop.run_one_for(milliseconds(10));
  }
  EXPECT_TRUE(wait_for_answers(max_in_flight + 20));
  EXPECT_TRUE(std::all_of(answers.begin(), answers.end(), [](auto& answer) { return answer.has_value(); }));
}

TEST_F(ConnectionTest, TheNearestDeadlineGoesFirst) {
  for (std::uint32_t i = 0; i < max_in_flight; ++i) call(i, milliseconds(8000));
  call(1001, milliseconds(7000));
  call(1002, milliseconds(6000));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == max_in_flight; }));
  answer_first();
  ASSERT_TRUE(run_until(loop, [&] { return order.size() == max_in_flight + 1; }));
  EXPECT_EQ(order.back(), 1002u);
  kept.clear();
}

TEST_F(ConnectionTest, AWaitingCallFailsAtItsDeadline) {
  for (std::uint32_t i = 0; i < max_in_flight; ++i) call(i, milliseconds(8000));
  call(1001, milliseconds(30));
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(answers[0].error().kind, Kind::Gone);
  EXPECT_EQ(kept.size(), max_in_flight);
  EXPECT_THAT(order, testing::Not(testing::Contains(1001u)));
  kept.clear();
}

TEST_F(ConnectionTest, TooManyWaitingCallsAreBusy) {
  for (std::uint32_t i = 0; i < max_in_flight + max_waiting; ++i) call(i, milliseconds(8000));
  call(0, milliseconds(8000));
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(answers[0].error().kind, Kind::Busy);
}

TEST_F(ConnectionTest, ACallWithoutAnAnswerTimesOutAndFreesItsPlace) {
  call(1, milliseconds(30));
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(answers[0].error().kind, Kind::Gone);
  for (std::uint32_t i = 0; i < max_in_flight; ++i) call(i, milliseconds(8000));
  EXPECT_TRUE(run_until(loop, [&] { return kept.size() == max_in_flight + 1; }));
  kept.clear(); // the answer to the first comes too late and is ignored
  EXPECT_TRUE(wait_for_answers(max_in_flight + 1));
}

TEST_F(ConnectionTest, ALostConnectionIsToldAndEndsEveryCall) {
  bool lost = false;
  pair.client->on_disconnect([&] { lost = true; });
  for (std::uint32_t i = 0; i < max_in_flight + 5; ++i) call(i, milliseconds(8000));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == max_in_flight; }));
  kept.clear();
  answers.clear();
  object.reset();
  pair.server.reset();
  ASSERT_TRUE(run_until(loop, [&] { return lost; }));
  EXPECT_FALSE(pair.client->connected());
  call(1, milliseconds(8000));
  ASSERT_TRUE(wait_for_answers(6));
  EXPECT_EQ(answers.back().error().kind, Kind::Gone);
}

TEST_F(ConnectionTest, DestroyingAConnectionEndsItsCalls) {
  call(1, milliseconds(8000));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == 1; }));
  pair.client.reset();
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(answers[0].error().kind, Kind::Gone);
  answer_first(); // nobody listens any more
}

TEST_F(ConnectionTest, ACallOutlivesItsConnection) {
  call(1, milliseconds(8000));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == 1; }));
  object.reset();
  pair.server.reset();
  answer_first();
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(answers[0].error().kind, Kind::Gone);
}

TEST_F(ConnectionTest, AMessageThatCannotBeSentFailsAtOnce) {
  auto message = pair.client->make_call(target, "Keep");
  message.write_text("not utf-8: \xff");
  pair.client->call(std::move(message), milliseconds(8000),
                    [this](Result<Message> result) { answers.push_back(std::move(result)); });
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(answers[0].error().kind, Kind::Invalid);
}

TEST_F(ConnectionTest, ACoroutineWaits) {
  std::optional<Result<Message>> answer;
  loop::TaskGroup tasks(loop);
  auto wait = [](ConnectionTest& self, std::optional<Result<Message>>& result) -> Task<> {
    auto first = co_await self.pair.client->call(self.keep(1));
    result = co_await self.pair.client->call(self.keep(first ? 2 : 99));
  };
  tasks.spawn("waits", wait(*this, answer));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == 1; }));
  answer_first();
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == 1; }));
  answer_first();
  ASSERT_TRUE(run_until(loop, [&] { return answer.has_value(); }));
  EXPECT_TRUE(*answer);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(ConnectionTest, ACancelledCoroutineStopsWaiting) {
  std::optional<Result<Message>> answer;
  loop::TaskGroup tasks(loop);
  auto wait = [](ConnectionTest& self, std::optional<Result<Message>>& result) -> Task<> {
    result = co_await self.pair.client->call(self.keep(1));
  };
  tasks.spawn("waits", wait(*this, answer));
  ASSERT_TRUE(run_until(loop, [&] { return kept.size() == 1; }));
  tasks.cancel();
  EXPECT_TRUE(run_until(loop, [&] { return tasks.size() == 0; }));
  answer_first(); // and the late answer finds nobody
  loop.run_for(milliseconds(10));
}

TEST_F(ConnectionTest, ASlotMayEndItselfInItsOwnCallback) {
  int heard = 0;
  Slot slot;
  slot = pair.client->match_signal(target, "Changed", [&](Message&) {
    ++heard;
    slot = Slot();
  });
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(pair.server->send(pair.server->make_signal(path, "org.alknet.Test1", "Changed")));
  call(1, milliseconds(8000)); // an answer after the signals
  ASSERT_TRUE(run_until(loop, [&] { return !kept.empty(); }));
  answer_first();
  ASSERT_TRUE(wait_for_answers(1));
  EXPECT_EQ(heard, 1);
}

} // namespace
} // namespace alk::bus::test::connection_test
