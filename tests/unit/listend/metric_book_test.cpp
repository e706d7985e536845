// Sums over generations: they go back neither when an engine ends nor with the supervisor.
#include "supervisor/metric_book.hpp"

#include <gmock/gmock.h>

namespace alk::listend::metric_book_test {

namespace {

constexpr const char* logins = "alknet_logins_accepted_total";
constexpr const char* sessions = "alknet_listener_sessions";
const Labels tls{{"listener", "tls"}, {"transport", "tls"}};

ReadingsBody body(std::uint64_t counted, std::uint64_t live) {
  return {{{logins, tls, counted}, {sessions, tls, live}}};
}

std::uint64_t value(const MetricBook& book, const std::string& name, const Labels& labels = tls) {
  for (const Metric& metric : book.sums())
    for (const Sample& sample : metric.samples)
      if (metric.name == name && sample.labels == labels) return sample.value;
  return 0;
}

TEST(MetricBook, AddsUpAllGenerations) {
  MetricBook book;
  book.note(1, body(3, 1));
  book.note(2, body(4, 2));
  EXPECT_EQ(value(book, logins), 7U);
  EXPECT_EQ(value(book, sessions), 3U);
  book.note(2, body(5, 0)); // its newest word
  EXPECT_EQ(value(book, logins), 8U);
  EXPECT_EQ(value(book, sessions), 1U);
}

TEST(MetricBook, CountsStayWhenAnEngineEndsAndGaugesGo) {
  MetricBook book;
  book.note(1, body(3, 1));
  book.note(2, body(4, 2));
  book.ended(1);
  EXPECT_EQ(value(book, logins), 7U);
  EXPECT_EQ(value(book, sessions), 2U);
  book.ended(1); // once
  book.ended(9); // one that never said anything
  EXPECT_EQ(value(book, logins), 7U);
}

TEST(MetricBook, AnOlderWordTurnsNothingBack) {
  MetricBook book;
  book.note(1, body(5, 1));
  book.note(1, body(3, 2));
  EXPECT_EQ(value(book, logins), 5U);
  EXPECT_EQ(value(book, sessions), 2U);
  book.note(1, {});
  book.ended(1);
  EXPECT_EQ(value(book, logins), 5U);
}

TEST(MetricBook, TheNextSupervisorGoesOn) {
  MetricBook book;
  book.note(1, body(3, 0));
  book.note(2, body(4, 2));
  book.ended(1);
  MetricBook next;
  next.restore(book.save());
  EXPECT_EQ(value(next, logins), 3U);
  next.note(2, body(6, 2)); // it lives and is asked again
  EXPECT_EQ(value(next, logins), 9U);
  next.restore("cut");
  EXPECT_EQ(value(next, logins), 9U);
}

TEST(MetricBook, TakesOnlyWhatItKnows) {
  MetricBook book;
  book.note(1, {{{"alknet_invented_total", {{"destination", "example.org"}}, 1}, {logins, tls, 1}}});
  for (const Metric& metric : book.sums()) {
    EXPECT_NE(metric.name, "alknet_invented_total");
    EXPECT_FALSE(metric.help.empty());
    EXPECT_EQ(metric.type == "counter", metric.name.ends_with("_total")) << metric.name;
  }
  EXPECT_EQ(value(book, logins), 1U);
}

TEST(MetricBook, BoundsIdentitiesOverAllGenerations) {
  constexpr const char* name = "alknet_identity_logins_total";
  auto identities = [&](std::size_t first) {
    ReadingsBody readings;
    for (std::size_t i = first; i < first + most_identities; ++i)
      readings.readings.push_back({name, {{"identity", "id" + std::to_string(i)}}, 1});
    return readings;
  };
  MetricBook book;
  book.note(1, identities(0));
  book.note(2, identities(40));
  std::size_t series = 0;
  for (const Metric& metric : book.sums())
    if (metric.name == name) series = metric.samples.size();
  EXPECT_EQ(series, most_identities + 1);
  EXPECT_EQ(value(book, name, {{"identity", "id50"}}), 2U);
  EXPECT_EQ(value(book, name, {{"identity", "other"}}), 40U);
  book.ended(1);
  book.note(3, identities(200));
  EXPECT_EQ(value(book, name, {{"identity", "other"}}), 140U);
}

} // namespace
} // namespace alk::listend::metric_book_test
