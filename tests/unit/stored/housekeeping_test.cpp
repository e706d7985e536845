#include "../bus/pair.hpp"
#include "alknet-stored/events/notifications.hpp"
#include "alknet-stored/events/queues.hpp"
#include "alknet-stored/housekeeping.hpp"
#include "alknet-stored/streams.hpp"
#include "identity_test_base.hpp"
#include "loop/asio.hpp"

namespace alk::stored::housekeeping_test {
namespace {

class Sweep : public IdentityTest {
 protected:
  void publish_at(const char* topic, UnixSeconds when) {
    ASSERT_TRUE(run([&](Transaction& t) { return publish(t, topic, std::nullopt, "{}", when); }));
  }
  void sweep_now() { ASSERT_TRUE(sweep_at(test_time)); }
  Result<std::int64_t> sweep_at(UnixSeconds now) {
    return in<std::int64_t>([now](Transaction& tables) { return sweep(tables, now); });
  }
  std::int64_t count(const std::string& table) { return number("SELECT count(*) FROM " + table); }
};
ON_EVERY_ENGINE(Sweep);

TEST_P(Sweep, OldEventsGoAndNewOnesStay) {
  publish_at("a", test_time - event_age - 1);
  publish_at("a", test_time - event_age);
  publish_at("a", test_time);
  sweep_now();
  EXPECT_EQ(count("stream_events"), 2);
}

TEST_P(Sweep, WhatAConsumerHasNotReadStays) {
  publish_at("a", test_time - event_age - 1);
  publish_at("a", test_time - event_age - 1);
  publish_at("b", test_time - event_age - 1);
  ASSERT_TRUE(write([](Transaction& tables) { return save_position(tables, "reader", "a", 1); }));
  sweep_now();
  EXPECT_EQ(count("stream_events WHERE topic = 'a'"), 1);
  EXPECT_EQ(count("stream_events WHERE topic = 'b'"), 0);
  EXPECT_EQ(sweep_at(test_time).value(), 1) << "who keeps old ones is counted";
  ASSERT_TRUE(write([](Transaction& tables) { return save_position(tables, "reader", "a", 2); }));
  EXPECT_EQ(sweep_at(test_time).value(), 0);
  publish_at("a", test_time);
  EXPECT_EQ(sweep_at(test_time).value(), 0) << "new ones are kept in any case";
}

TEST_P(Sweep, NotificationsAreForTheMoment) {
  for (UnixSeconds when : {test_time - notification_age - 1, test_time})
    ASSERT_TRUE(run([&](Transaction& t) { return notify(t, "c", "{}", when); }));
  sweep_now();
  EXPECT_EQ(count("notifications"), 1);
}

TEST_P(Sweep, IdentitiesAndTheirLogStay) {
  make_account();
  ASSERT_TRUE(add_key(first_key));
  ASSERT_TRUE(sweep_at(test_time + 100 * event_age));
  EXPECT_EQ(count("stream_events"), 0);
  EXPECT_EQ(count("accounts"), 1);
  EXPECT_EQ(count("peer_credentials"), 1);
  EXPECT_EQ(count("audit_logs"), 2);
}

// The daemon's whole round: the system's database and those of organisations that have one.
TEST(Housekeeping, SweepsEveryDatabaseThatThereIsAndMakesNone) {
  StorageDirectory directory;
  asio::io_context loop;
  auto store = std::move(*Store::open(loop, std::move(*make_sqlite_engine(directory.path()))));
  auto at = [&](const Place& place, const Work& work) {
    std::optional<Result<void>> answer;
    store->write(place, work, [&](Result<void> done) { answer = std::move(done); });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return answer.has_value(); }));
    return answer && *answer;
  };
  std::vector<std::string> ids;
  ASSERT_TRUE(at(Place::system(), [&](Transaction& t) -> Result<void> {
    ids.clear();
    ALK_TRY_VOID(create_account(t, test_act(), {"ada@example.org", {}, {}, {}, {}}));
    for (const char* slug : {"one", "two"}) {
      ALK_TRY(auto made, create_organization(t, test_act(), slug, slug, "ada@example.org"));
      ids.push_back(made.id);
    }
    return {};
  }));
  const Place one = *Place::tenant(ids[0]);
  auto old_event = [](Transaction& t) -> Result<void> {
    ALK_TRY_VOID(publish(t, "a", std::nullopt, "{}", 0));
    return {};
  };
  ASSERT_TRUE(at(Place::system(), old_event));
  ASSERT_TRUE(at(one, old_event));
  auto events_at = [&](const Place& place) {
    std::int64_t count = -1;
    at(place, [&](Transaction& t) -> Result<void> {
      ALK_TRY(auto row, t.find("SELECT count(*) FROM stream_events WHERE topic = 'a'"));
      count = row->integer(0);
      return {};
    });
    return count;
  };
  Housekeeping housekeeping(loop, *store, [] { return test_time; });
  housekeeping.start();
  bool idle = false;
  store->when_idle([&] { idle = true; });
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return idle; }));
  EXPECT_EQ(events_at(Place::system()), 0);
  EXPECT_EQ(events_at(one), 0);
  EXPECT_FALSE(std::filesystem::exists(directory.file("tenant-" + ids[1] + ".db")));
  housekeeping.stop();
}

} // namespace
} // namespace alk::stored::housekeeping_test
