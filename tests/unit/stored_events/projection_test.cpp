#include "../stored_graph/metagraph_world.hpp"
#include "alknet-stored/events/backlog.hpp"
#include "alknet-stored/events/subscription.hpp"

#include <gmock/gmock.h>

namespace alk::stored::projection_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace {

class Projection : public MetagraphTest {
 protected:
  using Source = std::unique_ptr<LineSource>;
  Source open(const EventFilter& filter, std::int64_t position = 0,
              std::optional<std::int64_t> last = std::nullopt) {
    return Subscription::open(filter, position, last).value();
  }
  Source of(const std::string& stream) { return open({{stream}, {}, {}, {}}); }
  // The next lines; the reader moves on.
  std::vector<std::string> next(Source& source) {
    auto piece = in<LineSource::Piece>([&](Transaction& tables) { return source->read(tables); }).value();
    source = std::move(piece.rest);
    more_ = piece.more;
    EXPECT_TRUE(piece.lines.empty() || piece.lines.back() == '\n');
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < piece.lines.size();) {
      auto end = piece.lines.find('\n', begin);
      lines.push_back(piece.lines.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }
  static std::int64_t seq(const std::string& line) {
    return std::stol(line.substr(line.find("\"seq\":") + 6));
  }
  void put(const std::string& topic, const std::string& key, const std::string& payload = "{}") {
    ASSERT_TRUE(in<std::int64_t>(
        [&](Transaction& tables) { return publish(tables, topic, key, payload, test_time); }));
  }
  bool more_ = false;
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
  auto nodes = of("nodes");
  auto lines = next(nodes);
  ASSERT_EQ(lines.size(), 2U);
  auto seq = number("SELECT min(position) FROM stream_events WHERE topic LIKE 'nodes:%'");
  EXPECT_EQ(lines[0], R"({"action":"created","data":{"attributes":{"age":1},"graph":")" + graph +
                          R"(","key":"a","type":"person"},"key":"a","schema_version":1,"seq":)" +
                          std::to_string(seq) + R"(,"stream":"nodes","time":)" + std::to_string(test_time) +
                          "}");
  EXPECT_THAT(lines[1], testing::AllOf(HasSubstr(R"("action":"deleted")"), Not(HasSubstr("attributes"))));
  EXPECT_THAT(next(nodes), IsEmpty());
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
  EXPECT_REFUSED(Subscription::open({{"graph_types"}, {}, {}, {}}, 0), NotFound, "no such stream");
}

TEST_P(Projection, events_of_several_topics_come_in_their_order_however_many) {
  constexpr int events = static_cast<int>(max_look) + 200;
  ASSERT_TRUE(write([&](Transaction& tables) -> Result<void> {
    for (int i = 0; i < events; ++i)
      ALK_TRY_VOID(publish(tables,
                           i % 3 == 0   ? "acl:changed"
                           : i % 3 == 1 ? "acl:deleted"
                                        : "nodes:created",
                           std::to_string(i), "{}", test_time));
    return {};
  }));
  auto acl = of("acl");
  std::vector<std::int64_t> seen;
  do {
    auto lines = next(acl);
    EXPECT_LE(lines.size(), max_look);
    for (const auto& line : lines) seen.push_back(seq(line));
  } while (more_);
  std::vector<std::int64_t> expected;
  for (int i = 0; i < events; ++i)
    if (i % 3 != 2) expected.push_back(i + 1);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(acl->end_line(), R"({"action":"end","schema_version":1,"seq":)" + std::to_string(events) +
                                 R"(,"stream":""})"
                                 "\n");
}

TEST_P(Projection, a_rare_stream_is_found_behind_many_others) {
  ASSERT_TRUE(write([&](Transaction& tables) -> Result<void> {
    for (std::size_t i = 0; i < max_look + 10; ++i)
      ALK_TRY_VOID(publish(tables, "graph_types:updated", "t", "{}", test_time));
    ALK_TRY_VOID(publish(tables, "acl:changed", "a", "{}", test_time));
    return {};
  }));
  auto acl = of("acl");
  EXPECT_THAT(next(acl), IsEmpty());
  EXPECT_TRUE(more_);
  EXPECT_THAT(next(acl), SizeIs(1));
  EXPECT_FALSE(more_);
}

TEST_P(Projection, a_piece_is_bounded_whatever_its_events_weigh) {
  const std::string heavy =
      R"({"key":"k","attributes":{"x":")" + std::string(max_piece_bytes / 2, 'x') + "\"}}";
  for (int i = 0; i < 5; ++i) put("nodes:created", "k", heavy);
  auto nodes = of("nodes");
  EXPECT_THAT(next(nodes), SizeIs(2)); // the second one fills it
  EXPECT_TRUE(more_);
  EXPECT_THAT(next(nodes), SizeIs(2));
  EXPECT_THAT(next(nodes), SizeIs(1));
  EXPECT_FALSE(more_);
}

TEST_P(Projection, a_line_that_is_too_long_leaves_without_attributes) {
  const Event event{7, "id",
                    R"({"key":"k","attributes":[)" +
                        [] {
                          std::string zeros = "1e9";
                          while (zeros.size() < max_value / 2) zeros += ",1e9"; // each is longer as it leaves
                          return zeros;
                        }() +
                        "]}",
                    test_time};
  auto line = project("nodes:updated", event);
  ASSERT_TRUE(line);
  EXPECT_LT(line->size(), 200U);
  EXPECT_THAT(*line, testing::AllOf(HasSubstr(R"("cut":true)"), HasSubstr(R"("key":"k")"),
                                    Not(HasSubstr("attributes"))));
}

TEST_P(Projection, a_filter_leaves_out_what_is_not_asked_for) {
  put("nodes:created", "id1", R"({"key":"a","graph_id":"g1"})");
  put("nodes:updated", "id1", R"({"key":"a","graph_id":"g1"})");
  put("nodes:created", "id2", R"({"key":"b","graph_id":"g2"})");
  put("graphs:deleted", "g1", R"({"id":"g1"})");
  put("accounts:updated", "a");
  auto seqs = [&](const EventFilter& filter) {
    auto source = open(filter);
    std::vector<std::int64_t> found;
    for (const auto& line : next(source)) found.push_back(seq(line));
    return found;
  };
  EXPECT_THAT(seqs({}), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(seqs({{"nodes"}, {}, {}, {}}), ElementsAre(1, 2, 3));
  EXPECT_THAT(seqs({{"nodes", "accounts"}, {"updated"}, {}, {}}), ElementsAre(2, 5));
  EXPECT_THAT(seqs({{}, {}, {"a"}, {}}), ElementsAre(1, 2, 5));
  EXPECT_THAT(seqs({{}, {}, {}, "g1"}), ElementsAre(1, 2, 4));
  EXPECT_THAT(seqs({{}, {"changed"}, {}, {}}), IsEmpty());
}

TEST_P(Projection, a_hostile_filter_is_refused) {
  auto opened = [](EventFilter filter) { return Subscription::open(filter, 0); };
  const std::vector<std::string> many(max_filter_keys + 1, "k");
  EXPECT_REFUSED(opened({std::vector<std::string>(100, "nodes"), {}, {}, {}}), Invalid, "streams: too many");
  EXPECT_REFUSED(opened({{"nodes:created"}, {}, {}, {}}), NotFound, "no such stream");
  EXPECT_REFUSED(opened({{""}, {}, {}, {}}), NotFound, "no such stream");
  EXPECT_REFUSED(opened({{}, {"dropped"}, {}, {}}), NotFound, "no such action");
  EXPECT_REFUSED(opened({{}, std::vector<std::string>(9, "created"), {}, {}}), Invalid, "actions: too many");
  EXPECT_REFUSED(opened({{}, {}, many, {}}), Invalid, "keys: are more than 64");
  EXPECT_REFUSED(opened({{}, {}, {std::string(600, 'k')}, {}}), Invalid, "keys: is longer");
  EXPECT_REFUSED(opened({{}, {}, {"a\nb"}, {}}), Invalid, "keys: is not printable");
  EXPECT_REFUSED(opened({{}, {}, {}, std::string(300, 'g')}), Invalid, "graph: is longer");
  EXPECT_REFUSED(Subscription::open({}, -1), Invalid, "negative");
}

TEST_P(Projection, a_reader_begins_behind_its_position_and_ends_where_it_was_told) {
  for (const char* key : {"a", "b", "c", "d"}) put("acl:changed", key);
  auto some = open({}, 1, 3);
  EXPECT_THAT(next(some), ElementsAre(HasSubstr(R"("key":"b")"), HasSubstr(R"("key":"c")")));
  EXPECT_FALSE(more_);
  EXPECT_THAT(next(some), IsEmpty());
  EXPECT_EQ(in<std::int64_t>([](Transaction& tables) { return newest_position(tables); }).value(), 4);
  // A read that is made again gives the same.
  auto twice = open({}, 3);
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(in<LineSource::Piece>([&](Transaction& tables) { return twice->read(tables); })->lines,
                HasSubstr(R"("key":"d")"));
}

TEST_P(Projection, a_consumer_is_where_it_acknowledged_and_never_goes_back) {
  for (const char* key : {"a", "b", "c"}) put("acl:changed", key);
  auto create = [&](const std::string& name, const std::vector<std::string>& streams,
                    std::optional<std::int64_t> from = std::nullopt) {
    return in<Consumer>([&](Transaction& tables) { return create_consumer(tables, name, streams, from); });
  };
  auto reach = [&](const std::string& name, std::int64_t position) {
    return in<std::int64_t>([&](Transaction& tables) { return acknowledge(tables, name, position); });
  };
  EXPECT_EQ(create("mirror", {"nodes", "acl"}, 0)->streams, (std::vector<std::string>{"acl", "nodes"}));
  EXPECT_EQ(create("late", {})->position, 3);
  EXPECT_EQ(reach("mirror", 2).value(), 2);
  EXPECT_EQ(reach("mirror", 1).value(), 2);
  auto all = in<std::vector<Consumer>>([](Transaction& tables) { return list_consumers(tables); }).value();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].name, "late");
  EXPECT_THAT(all[0].streams, SizeIs(projected_streams().size()));
  EXPECT_EQ(all[1].position, 2);
  EXPECT_REFUSED(create("mirror", {}), Conflict, "consumer of this name");
  EXPECT_REFUSED(create("other", {"secrets"}), NotFound, "no such stream");
  EXPECT_REFUSED(create("", {}), Invalid, "consumer: is empty");
  EXPECT_REFUSED(create("other", {}, 4), Invalid, "no such event yet");
  EXPECT_REFUSED(reach("mirror", 4), Invalid, "no such event yet");
  EXPECT_REFUSED(reach("nobody", 1), NotFound, "no such consumer");
  auto drop = [](Transaction& tables) { return delete_consumer(tables, "mirror"); };
  EXPECT_TRUE(write(drop));
  EXPECT_REFUSED(write(drop), NotFound, "no such consumer");
}

TEST_P(Projection, events_stay_until_their_consumers_have_acknowledged_them) {
  put("acl:changed", "a");
  put("nodes:created", "b");
  ASSERT_TRUE(in<Consumer>([](Transaction& tables) { return create_consumer(tables, "m", {"acl"}, 0); }));
  auto prune = [&] {
    return in<std::uint64_t>([](Transaction& tables) { return prune_events(tables, test_time + 1); }).value();
  };
  EXPECT_EQ(prune(), 1u); // the other stream's
  ASSERT_TRUE(in<std::int64_t>([](Transaction& tables) { return acknowledge(tables, "m", 1); }));
  EXPECT_EQ(prune(), 1u);
}

TEST_P(Projection, what_consumers_keep_is_seen_and_taken_from_them_by_word_alone) {
  put("acl:changed", "a");
  put("nodes:created", "b");
  put("acl:changed", "c");
  ASSERT_TRUE(write([](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(create_consumer(tables, "m", {"acl"}, 1));
    ALK_TRY_VOID(create_consumer(tables, "n", {}, 0));
    ALK_TRY_VOID(create_consumer(tables, "done", {}, std::nullopt));
    return {};
  }));
  auto all = in<std::vector<MeasuredConsumer>>(measure_consumers).value();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].backlog.events, 0);
  EXPECT_FALSE(all[0].backlog.oldest);
  EXPECT_EQ(all[1].name, "m");
  EXPECT_EQ(all[1].backlog.events, 1);
  EXPECT_EQ(all[1].backlog.oldest, test_time);
  EXPECT_EQ(all[2].backlog.events, 3);
  auto behind = [&](UnixSeconds time) {
    return in<std::int64_t>([time](Transaction& tables) { return consumers_behind(tables, time); }).value();
  };
  EXPECT_EQ(behind(test_time), 0);
  EXPECT_EQ(behind(test_time + 1), 2);
  auto prune = [&](const EventPruning& pruning) {
    return in<std::uint64_t>([&](Transaction& tables) { return prune_events_now(tables, pruning); });
  };
  EXPECT_REFUSED(prune({}), Conflict, "the consumer \"m\" and 1 other have not acknowledged");
  EXPECT_REFUSED(prune({2, INT64_MAX, Unread::Keep}), Conflict, "the consumer \"n\" has not acknowledged");
  EXPECT_EQ(prune({1, INT64_MAX, Unread::Keep}).value(), 0u);
  EXPECT_EQ(prune({INT64_MAX, test_time, Unread::Lose}).value(), 0u);
  EXPECT_EQ(prune({2, INT64_MAX, Unread::Lose}).value(), 1u);
  EXPECT_EQ(in<std::vector<MeasuredConsumer>>(measure_consumers).value()[2].backlog.events, 2);
  ASSERT_TRUE(in<std::int64_t>([](Transaction& tables) { return acknowledge(tables, "n", 2); }));
  EXPECT_EQ(prune({3, test_time + 1, Unread::Keep}).value(), 1u);
  EXPECT_EQ(prune({INT64_MAX, test_time + 1, Unread::Lose}).value(), 1u);
}

TEST_P(Projection, consumers_are_bounded) {
  ASSERT_TRUE(write([](Transaction& tables) -> Result<void> {
    for (std::size_t i = 0; i < max_consumers; ++i)
      ALK_TRY_VOID(create_consumer(tables, "c" + std::to_string(i), {"acl"}, 0));
    return {};
  }));
  EXPECT_REFUSED(in<Consumer>([](Transaction& tables) { return create_consumer(tables, "x", {}, 0); }), Busy,
                 "too many consumers");
}
} // namespace alk::stored::projection_test
