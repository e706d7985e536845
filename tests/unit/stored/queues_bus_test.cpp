// Work queues and channels on the bus.
#include "alknet-stored/events/queues.hpp"
#include "store_bus_test_base.hpp"

#include <algorithm>

#include <fcntl.h>
#include <gmock/gmock.h>

namespace alk::stored::queues_bus_test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class QueuesBus : public StoreBusTest {
 protected:
  Result<std::uint64_t> enqueue(const std::string& payload, bus::Dictionary facts = {},
                                const std::string& queue = "mail") {
    auto answer = call("EnqueueJob", [&](bus::Message& m) {
      m.write_text("").write_text(queue).write_text(payload).write_dictionary(facts);
    });
    if (!answer) return pass(std::move(answer).error());
    return answer->read_u64();
  }
  std::vector<bus::Dictionary> take(std::uint32_t count = 10, const char* worker = "w",
                                    std::uint32_t seconds = 0) {
    auto answer = call("ClaimJobs", [&](bus::Message& m) {
      m.write_text("").write_text("mail").write_text(worker).write_u32(count).write_u32(seconds);
    });
    EXPECT_TRUE(answer);
    return *answer->read_dictionaries();
  }
  bool held(const char* member, std::uint64_t job, const char* worker, const Fill& more = nullptr) {
    auto answer = call(member, [&](bus::Message& m) {
      m.write_text("").write_u64(job).write_text(worker);
      if (more) more(m);
    });
    EXPECT_TRUE(answer) << answer.error().what;
    return answer && *answer->read_bool();
  }
  std::vector<bus::Dictionary> dead() {
    return *call("ListDeadJobs", [](bus::Message& m) {
              m.write_text("").write_text("mail").write_u64(0).write_u32(10);
            })->read_dictionaries();
  }
  Result<bus::Message> requeue(std::uint64_t job) {
    return call("RequeueDeadJob", [&](bus::Message& m) { m.write_text("").write_u64(job); });
  }
};

TEST_F(QueuesBus, AJobIsClaimedExtendedAndDone) {
  auto low = enqueue(R"({"to":"a"})", {{"priority", std::int64_t{-1}}});
  auto high = enqueue("2", {{"priority", std::int64_t{5}}, {"max_attempts", std::uint32_t{7}}});
  enqueue("3", {{"run_at", static_cast<std::uint64_t>(test_time + 60)}});
  ASSERT_TRUE(low && high);
  auto jobs = take();
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(std::get<std::uint64_t>(jobs[0]["job"]), *high);
  EXPECT_EQ(std::get<std::uint32_t>(jobs[0]["max_attempts"]), 7u);
  EXPECT_EQ(std::get<std::string>(jobs[1]["payload"]), R"({"to":"a"})");
  EXPECT_EQ(std::get<std::uint64_t>(jobs[1]["claim_expires_at"]),
            static_cast<std::uint64_t>(test_time + default_visibility));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_FALSE(held("AckJob", *high, "other"));
  EXPECT_TRUE(held("ExtendJob", *high, "w", [](bus::Message& m) { m.write_u32(600); }));
  EXPECT_TRUE(held("AckJob", *high, "w"));
  EXPECT_FALSE(held("AckJob", *high, "w"));
  auto queues = *with_text("ListQueues", {"", ""})->read_dictionaries();
  ASSERT_THAT(queues, SizeIs(1));
  EXPECT_EQ(std::get<std::uint64_t>(queues[0]["pending"]), 1u);
  EXPECT_EQ(std::get<std::uint64_t>(queues[0]["processing"]), 1u);
  EXPECT_THAT(*with_text("ListQueues", {"", "mail"})->read_dictionaries(), IsEmpty());
}

TEST_F(QueuesBus, WhatCannotBeDoneIsADeadLetterUntilItIsRequeued) {
  const std::uint64_t job = *enqueue("1", {{"max_attempts", std::uint32_t{2}}});
  take();
  auto why = [](bus::Message& m) { m.write_text("no such host"); };
  EXPECT_TRUE(held("RetryJob", job, "w", [&](bus::Message& m) {
    m.write_u32(0);
    why(m);
  }));
  ASSERT_THAT(take(), SizeIs(1));
  EXPECT_TRUE(held("FailJob", job, "w", why));
  auto letters = dead();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(std::get<std::string>(letters[0]["error"]), "no such host");
  EXPECT_EQ(std::get<std::uint32_t>(letters[0]["attempts"]), 2u);
  EXPECT_TRUE(requeue(job));
  EXPECT_EQ(requeue(job).error().kind, Kind::NotFound);
  EXPECT_THAT(dead(), IsEmpty());
  auto again = take();
  ASSERT_THAT(again, SizeIs(1));
  auto cancelled = call("CancelJob", [&](bus::Message& m) {
    m.write_text("").write_u64(std::get<std::uint64_t>(again[0]["job"]));
  });
  EXPECT_TRUE(*cancelled->read_bool());
}

TEST_F(QueuesBus, WhatIsNotUnderstoodIsRefused) {
  auto kind = [](const auto& answer) { return answer ? Kind::Broken : answer.error().kind; };
  EXPECT_EQ(kind(enqueue("{")), Kind::Invalid);
  EXPECT_EQ(kind(enqueue("1", {}, "")), Kind::Invalid);
  EXPECT_EQ(kind(enqueue("1", {}, "a\nb")), Kind::Invalid);
  EXPECT_EQ(kind(enqueue("1", {{"max_attempts", std::uint32_t{0}}})), Kind::Invalid);
  EXPECT_EQ(kind(enqueue("1", {{"expires_at", std::uint64_t{1}}})), Kind::Invalid);
  EXPECT_EQ(kind(enqueue("1", {{"urgent", true}})), Kind::Invalid);
  EXPECT_EQ(kind(enqueue('"' + std::string(max_job_bytes, 'x') + '"')), Kind::Invalid);
  EXPECT_EQ(kind(with_text("Notify", {"", "honker:mail", "1"})), Kind::Invalid);
  EXPECT_EQ(kind(with_text("Notify", {"", "c", "nothing"})), Kind::Invalid);
  EXPECT_EQ(kind(with_text("Listen", {"", ""})), Kind::Invalid);
  EXPECT_EQ(kind(with_text("Listen", {"no-id", "c"})), Kind::Invalid);
  EXPECT_THAT(*with_text("ListQueues", {"", ""})->read_dictionaries(), IsEmpty());
  EXPECT_FALSE(held("AckJob", ~std::uint64_t{0}, "w"));
}

TEST_F(QueuesBus, AClaimIsBoundedInBytes) {
  const std::string large = '"' + std::string(max_job_bytes - 2, 'x') + '"';
  for (std::size_t i = 0; i < max_claim_bytes / max_job_bytes + 3; ++i) ASSERT_TRUE(enqueue(large));
  EXPECT_THAT(take(100), SizeIs(max_claim_bytes / max_job_bytes));
  EXPECT_THAT(take(100), SizeIs(3));
}

TEST_F(QueuesBus, AListenerHearsWhatIsToldFromNowOn) {
  ASSERT_TRUE(with_text("Notify", {"", "news", "0"}));
  auto listen = [&](const char* channel) {
    auto answer = with_text("Listen", {"", channel});
    EXPECT_TRUE(answer);
    Fd end = *answer->read_fd();
    ::fcntl(end.get(), F_SETFL, O_NONBLOCK);
    return end;
  };
  Fd news = listen("news"), jobs = listen("honker:mail");
  auto hear = [&](const Fd& end, std::size_t count) {
    std::string text;
    EXPECT_TRUE(bus::test::run_until(loop, [&] {
      char chunk[65536];
      const ssize_t got = ::read(end.get(), chunk, sizeof chunk);
      if (got > 0) text.append(chunk, static_cast<std::size_t>(got));
      return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) >= count;
    }));
    return text;
  };
  ASSERT_TRUE(with_text("Notify", {"", "news", "{\n \"a\": \"b\\n\"\r\n}"}));
  ASSERT_TRUE(with_text("Notify", {"", "other", "1"}));
  EXPECT_EQ(hear(news, 1), "{\"id\":2,\"payload\":{  \"a\": \"b\\n\"  }}\n");
  const auto job = enqueue("1");
  ASSERT_TRUE(job);
  EXPECT_EQ(hear(jobs, 1), R"({"id":4,"payload":)" + std::to_string(*job) + "}\n");
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(with_text("Notify", {"", "news", std::to_string(i)}));
  const std::string all = hear(news, 50);
  EXPECT_EQ(all.find(R"({"id":5,"payload":0})"), 0u);
  EXPECT_NE(all.find(R"({"id":54,"payload":49})"), all.npos);
}

} // namespace
} // namespace alk::stored::queues_bus_test
