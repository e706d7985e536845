#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/resolver.hpp"

#include <future>
#include <optional>

#include <gtest/gtest.h>

namespace alk::net::resolver_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Answer = Result<std::vector<Address>>;

Answer two_addresses(const std::string& host, std::uint16_t port) {
  if (host != "name.test") return fail(Kind::NotFound, "no such host");
  return std::vector<Address>{*parse_address("192.0.2.1", port), *parse_address("2001:db8::1", port)};
}

// A name server that never answers, until the test lets go. It outlives the thread that waits on it.
std::promise<void>& let_go() {
  static auto* promise = new std::promise<void>;
  return *promise;
}
std::shared_future<void>& gate() {
  static auto* future = new std::shared_future<void>(let_go().get_future());
  return *future;
}
Answer blocked(const std::string&, std::uint16_t) {
  std::shared_future<void>(gate()).wait();
  return fail(Kind::NotFound, "no such host");
}

Task<> ask(Resolver& resolver, std::string host, milliseconds deadline, std::optional<Answer>& answer) {
  answer = co_await resolver.resolve(std::move(host), 80, deadline);
}

struct ResolverTest : testing::Test {
  asio::io_context context;
  loop::TaskGroup group{context};
  std::optional<Answer> answer;
};

TEST_F(ResolverTest, AnswersOnTheAskingLoop) {
  Resolver resolver(1, two_addresses);
  group.spawn("ask", ask(resolver, "name.test", hours(1), answer));
  context.run();
  ASSERT_TRUE(answer && *answer);
  ASSERT_EQ((*answer)->size(), 2u);
  EXPECT_EQ((**answer)[1].text(), "[2001:db8::1]:80");
}

TEST_F(ResolverTest, LiteralNeedsNoThread) {
  Resolver resolver(0, two_addresses);
  group.spawn("ask", ask(resolver, "::ffff:10.0.0.1", hours(1), answer));
  context.run();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((**answer)[0].text(), "10.0.0.1:80");
}

TEST_F(ResolverTest, RefusesWhatIsNoHost) {
  Resolver resolver(0, two_addresses);
  for (const std::string& host : {std::string(), std::string(256, 'a'), std::string("a\0b", 3)}) {
    answer.reset();
    group.spawn("ask", ask(resolver, host, hours(1), answer));
    context.restart();
    context.run();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().kind, Kind::Invalid);
  }
}

TEST_F(ResolverTest, FailurePassesWithoutTheName) {
  Resolver resolver(1, two_addresses);
  group.spawn("ask", ask(resolver, "secret-name.test", hours(1), answer));
  context.run();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().kind, Kind::NotFound);
  EXPECT_EQ(answer->error().describe().find("secret-name"), std::string::npos);
}

TEST_F(ResolverTest, DeadlineAndLateAnswer) {
  gate();
  auto resolver = std::make_unique<Resolver>(1, blocked);
  group.spawn("ask", ask(*resolver, "name.test", milliseconds(1), answer));
  context.run();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().kind, Kind::Gone);
  resolver.reset(); // does not wait for the thread
  let_go().set_value();
}

TEST_F(ResolverTest, QueueIsBounded) {
  Resolver resolver(0, two_addresses);
  std::vector<std::optional<Answer>> answers(resolver_queue_limit + 1);
  for (auto& slot : answers) group.spawn("ask", ask(resolver, "name.test", milliseconds(1), slot));
  context.run();
  EXPECT_EQ(answers.front()->error().kind, Kind::Gone);
  EXPECT_EQ(answers.back()->error().kind, Kind::Busy);
}

TEST_F(ResolverTest, CancelledTaskLeavesNothingBehind) {
  Resolver resolver(0, two_addresses);
  group.spawn("ask", ask(resolver, "name.test", hours(1), answer));
  asio::post(context, [&] { group.cancel(); });
  context.run();
  EXPECT_EQ(group.size(), 0u);
}

TEST_F(ResolverTest, LocalhostAsksNobody) {
  Resolver resolver(0);
  for (const std::string host : {"localhost", "LocalHost.", "web.localhost"}) {
    answer.reset();
    group.spawn("ask", ask(resolver, host, hours(1), answer));
    context.restart();
    context.run();
    ASSERT_TRUE(answer && *answer) << host;
    ASSERT_EQ((*answer)->size(), 2U);
    EXPECT_EQ((**answer)[0].text(), "[::1]:80");
    EXPECT_EQ((**answer)[1].text(), "127.0.0.1:80");
  }
}

TEST_F(ResolverTest, RealLookUp) {
  Resolver resolver(1);
  group.spawn("ask", ask(resolver, "127.1", hours(1), answer)); // getaddrinfo's old form, no literal of ours
  context.run();
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE((**answer)[0].is_loopback());
}

TEST(ResolveHere, KnowsEveryNotationOfAnAddressAndNoNames) {
  for (const char* host :
       {"127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "::ffff:127.0.0.1"}) {
    const auto known = resolve_here(host, 80);
    ASSERT_EQ(known.size(), 1U) << host;
    EXPECT_EQ(known[0].text(), "127.0.0.1:80") << host;
  }
  EXPECT_EQ(resolve_here("a.localhost.", 1).size(), 2U);
  for (const char* host : {"", "name.test", "127.0.0.1.", "256.1", "::1::", "localhost.test"})
    EXPECT_TRUE(resolve_here(host, 80).empty()) << host;
  EXPECT_TRUE(resolve_here(std::string("1\0", 2), 80).empty());
}

} // namespace
} // namespace alk::net::resolver_test
