#include "acts.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/streams.hpp"
#include "engine_test_base.hpp"

namespace alk::stored::streams_test {
namespace {

class Streams : public EngineTest {
 protected:
  std::int64_t put(const char* topic, UnixSeconds now = test_time) {
    std::int64_t position = -1;
    EXPECT_TRUE(write([&](Transaction& tables) -> Result<void> {
      ALK_TRY(position, publish(tables, topic, "k", "{}", now));
      return {};
    }));
    return position;
  }
  std::vector<std::int64_t> since(const char* topic, std::int64_t position, std::size_t limit = 10) {
    std::vector<std::int64_t> positions;
    EXPECT_TRUE(write([&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto events, read_since(tables, topic, position, limit));
      for (const Event& event : events) positions.push_back(event.position);
      return {};
    }));
    return positions;
  }
};
ON_EVERY_ENGINE(Streams);

using Positions = std::vector<std::int64_t>;

TEST_P(Streams, PositionsIncreaseOverAllTopics) {
  EXPECT_EQ(put("a"), 1);
  EXPECT_EQ(put("b"), 2);
  EXPECT_EQ(put("a"), 3);
  EXPECT_EQ(since("a", 0), (Positions{1, 3}));
  EXPECT_EQ(since("a", 1), (Positions{3}));
  EXPECT_EQ(since("a", 0, 1), (Positions{1}));
  EXPECT_EQ(since("c", 0), Positions{});
}

TEST_P(Streams, AnEventThatIsTakenBackLeavesNoGap) {
  put("a");
  EXPECT_FALSE(write([](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(publish(tables, "a", std::nullopt, "{}", 0));
    return fail(Kind::Denied, "no");
  }));
  EXPECT_EQ(put("a"), 2);
}

TEST_P(Streams, AConsumerNeverGoesBack) {
  EXPECT_TRUE(write([](Transaction& tables) -> Result<void> {
    EXPECT_EQ(*position_of(tables, "c", "a"), 0);
    for (std::int64_t position : {5, 3}) ALK_TRY_VOID(save_position(tables, "c", "a", position));
    EXPECT_EQ(*position_of(tables, "c", "a"), 5);
    EXPECT_EQ(*position_of(tables, "c", "b"), 0);
    return {};
  }));
}

TEST_P(Streams, PruningWaitsForTheSlowestConsumer) {
  put("a", 10);
  put("a", 20);
  put("b", 10);
  put("a", 90);
  EXPECT_TRUE(write([](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(save_position(tables, "fast", "a", 4));
    ALK_TRY_VOID(save_position(tables, "slow", "a", 1));
    EXPECT_EQ(*prune_events(tables, 50), 2u); // the first of a, and b that nobody reads
    return {};
  }));
  EXPECT_EQ(since("a", 0), (Positions{2, 4}));
}

TEST(Uuid, IsOneOfOurs) {
  Act act = test_act();
  act.random = [](std::size_t size) { return std::string(size, '\xff'); };
  EXPECT_EQ(make_uuid(act), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_TRUE(is_uuid(make_uuid(test_act())));
  EXPECT_NE(make_uuid(test_act()), make_uuid(test_act()));
}

TEST(Json, ObjectsAreWrittenEscapedAndRead) {
  const std::vector<std::string> scopes = {"a\"b", "c"};
  const std::string text = JsonObject()
                               .add("name", "line\n\"quoted\" \xc3\xa9")
                               .add("n", std::int64_t{-3})
                               .add("yes", true)
                               .add("none", std::optional<std::string>())
                               .add("scopes", scopes)
                               .text();
  EXPECT_EQ(text, "{\"name\":\"line\\n\\\"quoted\\\" \xc3\xa9\",\"n\":-3,\"yes\":true,"
                  "\"scopes\":[\"a\\\"b\",\"c\"]}");
  EXPECT_EQ(*read_json_texts(text, "scopes"), scopes);
  EXPECT_TRUE(read_json_texts(text, "other")->empty());
  EXPECT_FALSE(read_json_texts(text, "n"));
  EXPECT_FALSE(read_json_texts("[]", "n"));
  EXPECT_FALSE(read_json_texts("{\"s\":[1]}", "s"));
  EXPECT_EQ(read_json_lists("{\"r\":{\"host:a\":[\"read\"]}}", "r")->at(0).first, "host:a");
  EXPECT_FALSE(read_json_lists("{\"r\":[]}", "r"));
}

} // namespace
} // namespace alk::stored::streams_test
