#include "../stored_graph/metagraph_world.hpp"
#include "alknet-stored/events/projection.hpp"

#include <gmock/gmock.h>

using namespace alk;
using namespace alk::stored;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace {

class Projection : public MetagraphTest {
 protected:
  Subscription open(const std::string& stream, const std::string& consumer = "", std::int64_t position = 0) {
    return in<Subscription>(
               [&](Transaction& tables) { return Subscription::open(tables, stream, consumer, position); })
        .value();
  }
  std::vector<std::string> next(Subscription& subscription, std::size_t limit = 100) {
    return in<std::vector<std::string>>([&](Transaction& tables) { return subscription.next(tables, limit); })
        .value();
  }
};
ON_EVERY_ENGINE(Projection);

} // namespace

TEST_P(Projection, a_node_is_told_in_full_and_without_what_is_ours) {
  auto graph = make_graph(R"({"graph_type":"directed"})");
  ASSERT_TRUE(add_node(graph, "a", "person", R"({"age":1})"));
  ASSERT_TRUE(write([&](Transaction& tables) -> Result<void> {
    ALK_TRY(auto writer, GraphWriter::open(tables, act_, schemas_, graph));
    return writer.delete_node("a");
  }));
  auto subscription = open("nodes");
  auto lines = next(subscription);
  ASSERT_EQ(lines.size(), 2U);
  auto seq = number("SELECT min(position) FROM stream_events WHERE topic LIKE 'nodes:%'");
  EXPECT_EQ(lines[0], R"({"action":"created","data":{"attributes":{"age":1},"graph":")" + graph +
                          R"(","key":"a","type":"person"},"key":"a","schema_version":1,"seq":)" +
                          std::to_string(seq) + R"(,"stream":"nodes","time":)" + std::to_string(test_time) +
                          "}");
  EXPECT_THAT(lines[1], testing::AllOf(HasSubstr(R"("action":"deleted")"), Not(HasSubstr("attributes"))));
  EXPECT_THAT(next(subscription), IsEmpty());
}

TEST_P(Projection, what_is_not_in_the_table_does_not_leave) {
  Event event{1, "k", R"({"secret":"x","id":"k"})", test_time};
  EXPECT_FALSE(project("secrets:created", event));
  EXPECT_FALSE(project("nodes:whispered", event));
  EXPECT_FALSE(project("nodes", event));
  auto line = project("credentials:updated", event);
  ASSERT_TRUE(line);
  EXPECT_THAT(*line,
              testing::AllOf(HasSubstr(R"("key":"k")"), HasSubstr(R"("data":{})"), Not(HasSubstr("secret"))));
  EXPECT_TRUE(project("accounts:updated", {1, "k", "no JSON", 0})); // still a notification
  EXPECT_FALSE(
      in<Subscription>([&](Transaction& tables) { return Subscription::open(tables, "graph_types", ""); }));
}

TEST_P(Projection, events_of_several_topics_come_in_their_order_in_any_batches) {
  ASSERT_TRUE(write([&](Transaction& tables) -> Result<void> {
    for (int i = 0; i < 20; ++i)
      ALK_TRY_VOID(publish(tables,
                           i % 3 == 0   ? "acl:changed"
                           : i % 3 == 1 ? "acl:deleted"
                                        : "nodes:created",
                           std::to_string(i), "{}", test_time));
    return {};
  }));
  for (std::size_t batch : {1, 3, 100}) {
    auto subscription = open("acl");
    std::vector<std::int64_t> seen;
    for (auto lines = next(subscription, batch); !lines.empty(); lines = next(subscription, batch)) {
      EXPECT_LE(lines.size(), batch);
      for (const auto& line : lines) seen.push_back(std::stol(line.substr(line.find("\"seq\":") + 6)));
    }
    EXPECT_THAT(seen, SizeIs(14));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  }
}

TEST_P(Projection, a_named_reader_goes_on_where_it_saved_and_misses_nothing) {
  auto put = [&](const char* key) {
    ASSERT_TRUE(in<std::int64_t>(
        [&](Transaction& tables) { return publish(tables, "acl:changed", key, "{}", test_time); }));
  };
  put("a");
  put("b");
  auto first = open("acl", "mirror");
  EXPECT_THAT(next(first, 1), SizeIs(1));
  ASSERT_TRUE(write([&](Transaction& tables) { return first.save(tables); }));
  EXPECT_THAT(next(first), SizeIs(1)); // not saved: it will come again
  put("c");
  auto second = open("acl", "mirror", 1000);
  EXPECT_THAT(next(second), ElementsAre(HasSubstr(R"("key":"b")"), HasSubstr(R"("key":"c")")));
  ASSERT_TRUE(write([&](Transaction& tables) { return second.save(tables); }));
  ASSERT_TRUE(write([&](Transaction& tables) { return first.save(tables); })); // goes back for nobody
  EXPECT_EQ(open("acl", "mirror").position(), second.position());
  EXPECT_EQ(open("acl", "", 2).position(), 2);
}
