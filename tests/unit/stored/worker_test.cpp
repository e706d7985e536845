#include "alknet-stored/streams.hpp"
#include "alknet-stored/worker.hpp"
#include "engine_test_base.hpp"

#include <atomic>
#include <future>

namespace alk::stored::worker_test {
namespace {

constexpr const char* tenant_id = "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52";

Work publish_one(std::string topic, std::atomic<std::int64_t>* position = nullptr) {
  return [topic, position](Transaction& tables) -> Result<void> {
    ALK_TRY(const std::int64_t at, publish(tables, topic, std::nullopt, "{}", 0));
    if (position != nullptr) *position = at;
    return {};
  };
}

Result<void> nothing(Transaction&) {
  return {};
}

class Workers : public EngineTest {
 protected:
  void SetUp() override {
    writer_ = std::move(*Worker::start(*engine_, Access::Write));
    reader_ = std::move(*Worker::start(*engine_, Access::Read));
  }
  static Result<void> wait(Worker& worker, Place place, Work work) {
    std::promise<Result<void>> answer;
    worker.submit(std::move(place), std::move(work),
                  [&](Result<void> done) { answer.set_value(std::move(done)); });
    return answer.get_future().get();
  }
  void make_organization() {
    ASSERT_TRUE(execute("INSERT INTO accounts (id, email, created_at, updated_at) VALUES ('a', 'a', 0, 0)"));
    ASSERT_TRUE(execute("INSERT INTO organizations (id, name, slug, owner_id, created_at, updated_at) "
                        "VALUES (?1, 'o', 'o', 'a', 0, 0)",
                        {tenant_id}));
  }

  std::unique_ptr<Worker> writer_;
  std::unique_ptr<Worker> reader_;
};
ON_EVERY_ENGINE(Workers);

TEST_P(Workers, WhatWasAcknowledgedIsThere) {
  constexpr int threads = 4, each = 50;
  std::atomic<int> acknowledged{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < threads; ++i)
    callers.emplace_back([&] {
      for (int k = 0; k < each; ++k)
        if (wait(*writer_, Place::system(), publish_one("t"))) ++acknowledged;
    });
  // Beside them somebody reads: whole commits, never more than were made.
  for (int k = 0; k < 20; ++k)
    EXPECT_TRUE(wait(*reader_, Place::system(), [](Transaction& tables) -> Result<void> {
      ALK_TRY(auto row, tables.find("SELECT count(*), coalesce(max(position), 0) FROM stream_events"));
      EXPECT_EQ(row->integer(0), row->integer(1));
      return {};
    }));
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(acknowledged, threads * each);
  EXPECT_EQ(number("SELECT count(*) FROM stream_events"), threads * each);
  EXPECT_EQ(number("SELECT max(position) FROM stream_events"), threads * each);
}

TEST_P(Workers, JobsWaitingTogetherAreAnsweredInOrderAfterTheirCommit) {
  std::promise<void> go;
  std::mutex mutex;
  std::vector<int> order;
  std::vector<Kind> failed;
  auto held = go.get_future().share();
  writer_->submit(
      Place::system(),
      [held](Transaction&) -> Result<void> {
        held.wait();
        return {};
      },
      [](Result<void>) {});
  for (int i = 0; i < 10; ++i)
    writer_->submit(
        Place::system(),
        [i](Transaction& tables) -> Result<void> {
          ALK_TRY_VOID(publish_one("t")(tables));
          return i == 4 ? Result<void>(fail(Kind::Denied, "not this one")) : Result<void>();
        },
        [&, i](Result<void> done) {
          std::lock_guard lock(mutex);
          if (done)
            order.push_back(i);
          else
            failed.push_back(done.error().kind);
        });
  go.set_value();
  EXPECT_TRUE(wait(*writer_, Place::system(), nothing));
  std::lock_guard lock(mutex);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 5, 6, 7, 8, 9}));
  EXPECT_EQ(failed, std::vector<Kind>{Kind::Denied});
  EXPECT_EQ(number("SELECT max(position) FROM stream_events"), 9); // no gap where one was taken back
}

TEST_P(Workers, TooMuchWaitingIsBusyAtOnce) {
  std::promise<void> go;
  auto held = go.get_future().share();
  std::promise<void> running;
  writer_->submit(
      Place::system(),
      [&, held](Transaction&) -> Result<void> {
        running.set_value();
        held.wait();
        return {};
      },
      [](Result<void>) {});
  running.get_future().wait();
  std::atomic<std::size_t> done{0}, busy{0};
  auto count = [&](Result<void> result) { ++(result || result.error().kind != Kind::Busy ? done : busy); };
  for (std::size_t i = 0; i < max_waiting + 3; ++i) writer_->submit(Place::system(), nothing, count);
  EXPECT_EQ(busy, 3u);
  EXPECT_EQ(writer_->waiting(), max_waiting);
  go.set_value();
  writer_.reset(); // the end waits for what was accepted
  EXPECT_EQ(done, max_waiting);
}

TEST_P(Workers, AnOrganizationsDatabaseIsMadeByTheFirstWrite) {
  const Place place = *Place::tenant(tenant_id);
  EXPECT_EQ(wait(*writer_, place, publish_one("t")).error().kind, Kind::NotFound); // no such organisation
  make_organization();
  EXPECT_EQ(wait(*reader_, place, nothing).error().kind, Kind::NotFound);
  EXPECT_TRUE(wait(*writer_, place, publish_one("t")));
  EXPECT_TRUE(wait(*reader_, place, nothing));
  EXPECT_EQ(number("SELECT count(*) FROM stream_events"), 0); // another database
}

TEST_P(Workers, ATenantIsRetiredOnceEverybodyHasClosedIt) {
  const Place place = *Place::tenant(tenant_id);
  make_organization();
  ASSERT_TRUE(wait(*writer_, place, publish_one("t")));
  ASSERT_TRUE(wait(*reader_, place, nothing));
  auto closed = [&](Worker& worker, std::function<Result<void>()> task) {
    std::promise<Result<void>> answer;
    worker.submit_closed(place, std::move(task),
                         [&](Result<void> done) { answer.set_value(std::move(done)); });
    return answer.get_future().get();
  };
  EXPECT_TRUE(closed(*reader_, []() -> Result<void> { return {}; }));
  EXPECT_TRUE(closed(*writer_, [&] { return engine_->retire_tenant(place); }));
  EXPECT_EQ(wait(*reader_, place, nothing).error().kind, Kind::NotFound);
  EXPECT_EQ(wait(*writer_, place, publish_one("t")).error().kind, Kind::Conflict); // never made anew over it
}

TEST_P(Workers, ReadersDoNotWrite) {
  EXPECT_FALSE(wait(*reader_, Place::system(), publish_one("t")));
  EXPECT_EQ(number("SELECT count(*) FROM stream_events"), 0);
}

} // namespace
} // namespace alk::stored::worker_test
