#include "../stored/acts.hpp"
#include "../stored/engine_test_base.hpp"
#include "alknet-stored/events/notifications.hpp"
#include "alknet-stored/events/queues.hpp"

#include <gmock/gmock.h>

namespace alk::stored::queues_test {

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr UnixSeconds now = test_time;

class Queues : public EngineTest {
 protected:
  std::int64_t put(NewJob job, UnixSeconds at = now) {
    if (job.queue.empty()) job.queue = "q";
    auto id = in<std::int64_t>([&](Transaction& tables) { return enqueue(tables, job, at); });
    EXPECT_TRUE(id) << id.error().describe();
    return id.value_or(-1);
  }
  std::int64_t put(std::int64_t priority = 0, UnixSeconds run_at = 0) {
    NewJob job;
    job.priority = priority;
    job.run_at = run_at;
    return put(job);
  }
  std::vector<Job> take(UnixSeconds at, const char* worker = "w", std::size_t count = 10) {
    auto jobs =
        in<std::vector<Job>>([&](Transaction& tables) { return claim(tables, "q", worker, count, at); });
    EXPECT_TRUE(jobs) << jobs.error().describe();
    return jobs.value_or(std::vector<Job>{});
  }
  std::vector<std::int64_t> ids(const std::vector<Job>& jobs) {
    std::vector<std::int64_t> list;
    for (const auto& job : jobs) list.push_back(job.id);
    return list;
  }
  template <class Do>
  bool yes(Do work) {
    auto answer = in<bool>(work);
    EXPECT_TRUE(answer) << answer.error().describe();
    return answer.value_or(false);
  }
  std::vector<DeadJob> dead() {
    return in<std::vector<DeadJob>>([&](Transaction& tables) { return dead_jobs(tables, "q", 0, 100); })
        .value();
  }
};
ON_EVERY_ENGINE(Queues);

} // namespace

TEST_P(Queues, jobs_come_by_priority_time_and_age) {
  auto late = put(0, now + 5), low = put(-1), first = put(), high = put(9), second = put();
  EXPECT_THAT(ids(take(now)), ElementsAre(high, first, second, low));
  EXPECT_THAT(ids(take(now + 4)), IsEmpty());
  EXPECT_THAT(ids(take(now + 5)), ElementsAre(late));
}

TEST_P(Queues, a_claim_is_bounded_and_of_one_queue) {
  NewJob other;
  other.queue = "other";
  put(other);
  auto a = put(), b = put(), c = put();
  EXPECT_THAT(ids(take(now, "w", 2)), ElementsAre(a, b));
  EXPECT_THAT(ids(take(now, "v", 2)), ElementsAre(c));
}

TEST_P(Queues, what_is_acknowledged_is_gone) {
  auto id = put();
  take(now);
  EXPECT_TRUE(yes([&](Transaction& tables) { return ack(tables, id, "w", now); }));
  EXPECT_FALSE(yes([&](Transaction& tables) { return ack(tables, id, "w", now); }));
  EXPECT_EQ(number("SELECT count(*) FROM jobs"), 0);
}

TEST_P(Queues, a_job_is_its_owners_alone_and_only_as_long_as_the_claim_lasts) {
  auto id = put();
  EXPECT_FALSE(yes([&](Transaction& tables) { return ack(tables, id, "w", now); })); // nobody's yet
  take(now);
  EXPECT_FALSE(yes([&](Transaction& tables) { return ack(tables, id, "other", now); }));
  auto end = now + default_visibility;
  EXPECT_THAT(take(end - 1, "v"), IsEmpty());
  EXPECT_FALSE(yes([&](Transaction& tables) { return ack(tables, id, "w", end); })); // run out
  auto again = take(end, "v");
  ASSERT_THAT(ids(again), ElementsAre(id));
  EXPECT_EQ(again[0].attempts, 2);
  EXPECT_FALSE(yes([&](Transaction& tables) { return fail_job(tables, id, "w", end, "late"); }));
  EXPECT_TRUE(yes([&](Transaction& tables) { return ack(tables, id, "v", end); }));
}

TEST_P(Queues, a_heartbeat_keeps_the_claim) {
  auto id = put();
  take(now);
  EXPECT_TRUE(yes([&](Transaction& tables) { return heartbeat(tables, id, "w", now + 299); }));
  EXPECT_THAT(take(now + 300, "v"), IsEmpty());
  EXPECT_TRUE(yes([&](Transaction& tables) { return ack(tables, id, "w", now + 598); }));
}

TEST_P(Queues, retries_wait_and_end_among_the_dead) {
  auto id = put();
  UnixSeconds at = now;
  for (std::int64_t attempt = 1; attempt <= default_max_attempts; ++attempt) {
    auto jobs = take(at);
    ASSERT_THAT(ids(jobs), ElementsAre(id));
    EXPECT_EQ(jobs[0].attempts, attempt);
    EXPECT_TRUE(yes([&](Transaction& tables) { return retry(tables, id, "w", at, 60, "no luck"); }));
    EXPECT_THAT(take(at + 59), IsEmpty());
    at += 60;
  }
  EXPECT_THAT(take(at), IsEmpty());
  auto letters = dead();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].id, id);
  EXPECT_EQ(letters[0].attempts, default_max_attempts);
  EXPECT_EQ(letters[0].last_error, "no luck");
}

TEST_P(Queues, a_worker_that_dies_each_time_does_not_keep_a_job_for_ever) {
  auto id = put();
  UnixSeconds at = now;
  for (std::int64_t attempt = 0; attempt < default_max_attempts; ++attempt, at += default_visibility)
    ASSERT_THAT(ids(take(at)), ElementsAre(id));
  EXPECT_THAT(take(at), IsEmpty());
  ASSERT_EQ(dead().size(), 1U);
  EXPECT_EQ(dead()[0].last_error, "claim ran out");
}

TEST_P(Queues, failing_is_final_until_revived) {
  auto id = put();
  take(now);
  std::string error(max_job_error_bytes - 1, 'x');
  error += "\xC3\xA9 and more"; // the cut does not split a character
  EXPECT_TRUE(yes([&](Transaction& tables) { return fail_job(tables, id, "w", now, error); }));
  ASSERT_EQ(dead().size(), 1U);
  EXPECT_EQ(dead()[0].last_error, std::string(max_job_error_bytes - 1, 'x'));
  EXPECT_TRUE(yes([&](Transaction& tables) { return revive(tables, id, now); }));
  EXPECT_FALSE(yes([&](Transaction& tables) { return revive(tables, id, now); }));
  EXPECT_TRUE(dead().empty());
  EXPECT_EQ(take(now)[0].attempts, 1);
}

TEST_P(Queues, jobs_expire) {
  NewJob job;
  job.expires_at = now + 10;
  auto waiting = put(job);
  EXPECT_THAT(take(now + 10), IsEmpty());
  auto sweep = [&](UnixSeconds at) {
    return in<std::size_t>([&](Transaction& tables) { return sweep_expired(tables, at); }).value();
  };
  EXPECT_EQ(sweep(now + 9), 0U);
  EXPECT_EQ(sweep(now + 10), 1U);
  ASSERT_EQ(dead().size(), 1U);
  EXPECT_EQ(dead()[0].id, waiting);
  EXPECT_EQ(dead()[0].last_error, "expired");
  auto busy = put(job);
  take(now + 5); // somebody's: not taken from under his hands
  EXPECT_EQ(sweep(now + 20), 0U);
  EXPECT_TRUE(yes([&](Transaction& tables) { return ack(tables, busy, "w", now + 20); }));
  EXPECT_EQ(in<std::uint64_t>([&](Transaction& tables) { return prune_dead(tables, now + 11); }).value(), 1U);
}

TEST_P(Queues, whoever_has_it_a_job_can_be_cancelled) {
  auto id = put();
  take(now);
  EXPECT_TRUE(yes([&](Transaction& tables) { return cancel(tables, id); }));
  EXPECT_FALSE(yes([&](Transaction& tables) { return cancel(tables, id); }));
  EXPECT_FALSE(yes([&](Transaction& tables) { return ack(tables, id, "w", now); }));
}

TEST_P(Queues, a_job_and_what_it_is_about_are_written_together_or_not_at_all) {
  EXPECT_FALSE(write([&](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(enqueue(tables, {"q", "1", 0, 0, {}, 3}, now));
    return fail(Kind::Denied, "no");
  }));
  EXPECT_THAT(take(now), IsEmpty());
  EXPECT_EQ(number("SELECT count(*) FROM notifications"), 0);
  EXPECT_EQ(put(), 1); // and no number is lost
}

TEST_P(Queues, bad_input_is_refused_precisely) {
  auto refused = [&](NewJob job) {
    auto id = in<std::int64_t>([&](Transaction& tables) { return enqueue(tables, job, now); });
    EXPECT_FALSE(id);
    return id ? std::string() : id.error().describe();
  };
  EXPECT_THAT(refused({"", "1", 0, 0, {}, 3}), testing::HasSubstr("queue: is empty"));
  EXPECT_THAT(refused({"q\n", "1", 0, 0, {}, 3}), testing::HasSubstr("queue"));
  EXPECT_THAT(refused({"q", "{", 0, 0, {}, 3}), testing::HasSubstr("not JSON"));
  EXPECT_THAT(refused({"q", '"' + std::string(max_job_bytes, 'x') + '"', 0, 0, {}, 3}),
              testing::HasSubstr("payload"));
  EXPECT_THAT(refused({"q", "1", 0, 0, {}, 0}), testing::HasSubstr("max_attempts"));
  EXPECT_THAT(refused({"q", "1", 0, 0, now, 3}), testing::HasSubstr("expires_at"));
  EXPECT_FALSE(in<std::vector<Job>>([&](Transaction& tables) { return claim(tables, "q", "", 1, now); }));
  EXPECT_FALSE(in<std::vector<Job>>([&](Transaction& tables) { return claim(tables, "q", "w", 1, now, 0); }));
}

TEST_P(Queues, queues_are_counted_and_listed_in_pages) {
  put();
  put();
  take(now, "w", 1);
  NewJob other;
  for (const char* name : {"b", "a"}) {
    other.queue = name;
    put(other);
  }
  ASSERT_TRUE(in<std::vector<Job>>([&](Transaction& tables) { return claim(tables, "a", "w", 1, now); }));
  ASSERT_TRUE(in<bool>([&](Transaction& tables) { return fail_job(tables, 4, "w", now, "x"); }));
  auto list = [&](const char* after) {
    return in<std::vector<QueueCount>>([&](Transaction& tables) { return list_queues(tables, after); })
        .value();
  };
  auto all = list("");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].queue, "a");
  EXPECT_EQ(all[0].dead, 1);
  EXPECT_EQ(all[0].pending, 0);
  EXPECT_EQ(all[2].queue, "q");
  EXPECT_EQ(all[2].pending, 1);
  EXPECT_EQ(all[2].processing, 1);
  ASSERT_EQ(list("a").size(), 2U);
  EXPECT_TRUE(list("q").empty());
}

TEST_P(Queues, backoff_doubles_up_to_a_day) {
  EXPECT_EQ(backoff(5, 1), 5);
  EXPECT_EQ(backoff(5, 4), 40);
  EXPECT_EQ(backoff(5, 1000), longest_backoff);
  EXPECT_EQ(backoff(0, 1000), 0);
  EXPECT_EQ(backoff(-5, 3), 0);
}

TEST_P(Queues, a_listener_hears_what_follows_and_nothing_from_before) {
  put();
  auto start = in<std::int64_t>([&](Transaction& tables) { return newest_notification(tables); }).value();
  auto heard = [&] {
    std::vector<std::string> payloads;
    auto found = in<std::vector<Notification>>(
        [&](Transaction& tables) { return notifications_since(tables, "honker:q", start); });
    for (const auto& one : *found) payloads.push_back(one.payload);
    return payloads;
  };
  EXPECT_THAT(heard(), IsEmpty());
  auto id = put();
  ASSERT_TRUE(in<std::int64_t>([&](Transaction& tables) { return notify(tables, "other", "{}", now); }));
  EXPECT_THAT(heard(), ElementsAre(std::to_string(id)));
  EXPECT_FALSE(in<std::int64_t>([&](Transaction& tables) { return notify(tables, "other", "{", now); }));
  // Three rows; the two oldest go by number, then the last by age.
  auto prune = [&](UnixSeconds before, std::int64_t keep) {
    return in<std::uint64_t>([&](Transaction& tables) { return prune_notifications(tables, before, keep); })
        .value();
  };
  EXPECT_EQ(prune(0, 1), 2U);
  EXPECT_EQ(prune(now, 1), 0U);
  EXPECT_EQ(prune(now + 1, 1), 1U);
}
} // namespace alk::stored::queues_test
