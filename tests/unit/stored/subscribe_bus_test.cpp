// Events over a descriptor: replay, live, back-pressure, and readers that go.
#include "alknet-stored/events/subscription.hpp"
#include "store_bus_test_base.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

namespace alk::stored::subscribe_bus_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Reader {
 public:
  Reader(Fd end, std::uint64_t position) : position(position), end_(std::move(end)) {
    // Of this description, which is ours alone.
    ::fcntl(end_.get(), F_SETFL, O_NONBLOCK);
  }
  // Reads what is there; false at the end.
  bool read() {
    char chunk[65536];
    for (;;) {
      const ssize_t count = ::read(end_.get(), chunk, sizeof chunk);
      if (count == 0) ended = true;
      if (count <= 0) break;
      text_.append(chunk, static_cast<std::size_t>(count));
    }
    for (std::size_t end = text_.find('\n'); end != text_.npos; end = text_.find('\n')) {
      lines.push_back(text_.substr(0, end));
      text_.erase(0, end + 1);
    }
    return !ended;
  }
  std::vector<std::int64_t> positions() const {
    std::vector<std::int64_t> all;
    for (const auto& line : lines) all.push_back(std::stol(line.substr(line.find("\"seq\":") + 6)));
    return all;
  }
  std::uint64_t position;
  std::vector<std::string> lines;
  bool ended = false;

 private:
  Fd end_;
  std::string text_;
};

class SubscribeBus : public StoreBusTest {
 protected:
  Result<Reader> subscribe(std::vector<std::string> streams = {}, bus::Dictionary facts = {},
                           const std::string& organization = "") {
    auto answer = call("Subscribe", [&](bus::Message& m) {
      m.write_text(organization).write_texts(streams).write_dictionary(facts);
    });
    if (!answer) return pass(std::move(answer).error());
    ALK_TRY(Fd end, answer->read_fd());
    ALK_TRY(const std::uint64_t position, answer->read_u64());
    return Reader(std::move(end), position);
  }
  Kind refused(std::vector<std::string> streams, bus::Dictionary facts,
               const std::string& organization = "") {
    auto answer = subscribe(std::move(streams), std::move(facts), organization);
    EXPECT_FALSE(answer);
    return answer ? Kind::Broken : answer.error().kind;
  }
  bool comes(Reader& reader, std::size_t count) {
    return bus::test::run_until(loop, [&] {
      reader.read();
      return reader.lines.size() >= count;
    });
  }
  bool ends(Reader& reader) {
    return bus::test::run_until(loop, [&] { return !reader.read(); });
  }
  // That many events in one transaction; each carries `payload`.
  void publish_many(int count, const std::string& payload = "{}") {
    std::optional<Result<void>> written;
    store->write(
        Place::system(),
        [=](Transaction& tables) -> Result<void> {
          for (int i = 0; i < count; ++i)
            ALK_TRY_VOID(publish(tables, "nodes:created", std::to_string(i), payload, test_time));
          return {};
        },
        [&](Result<void> done) { written = std::move(done); });
    ASSERT_TRUE(bus::test::run_until(loop, [&] { return written.has_value(); }));
    ASSERT_TRUE(*written);
  }
  std::size_t open() { return face->subscribers().size(); }
};

TEST_F(SubscribeBus, WhatWasThereIsReplayedAndWhatComesFollows) {
  make_account();
  make_account("bob@example.org");
  auto all = subscribe({}, {{"from", std::uint64_t{0}}});
  auto live = subscribe();
  ASSERT_TRUE(all && live);
  EXPECT_EQ(all->position, 0u);
  EXPECT_EQ(live->position, 2u);
  ASSERT_TRUE(comes(*all, 2));
  make_account("eve@example.org");
  ASSERT_TRUE(comes(*all, 3) && comes(*live, 1));
  EXPECT_THAT(all->positions(), ElementsAre(1, 2, 3));
  EXPECT_THAT(live->positions(), ElementsAre(3));
  EXPECT_THAT(live->lines[0], HasSubstr(R"("stream":"accounts")"));
  EXPECT_EQ(live->lines[0].find("example.org"), std::string::npos); // it does not leave
}

TEST_F(SubscribeBus, WithoutFollowTheEndIsSaid) {
  make_account();
  auto list = subscribe({"accounts", "nodes"}, {{"from", std::uint64_t{0}}, {"follow", false}});
  ASSERT_TRUE(list && ends(*list));
  ASSERT_THAT(list->lines, SizeIs(2));
  EXPECT_EQ(list->lines[1], R"({"action":"end","schema_version":1,"seq":1,"stream":""})");
  EXPECT_EQ(open(), 0u);
}

TEST_F(SubscribeBus, WhoeverStopsReadingCostsAPieceAndIsTheOnlyOneThatWaits) {
  auto slow = subscribe();
  auto quick = subscribe();
  ASSERT_TRUE(slow && quick);
  constexpr int rounds = 10, each = 40; // far more than a pipe and a piece
  for (int i = 0; i < rounds; ++i) publish_many(each, R"({"attributes":")" + std::string(1000, 'x') + "\"}");
  ASSERT_TRUE(comes(*quick, rounds * each));
  EXPECT_THAT(slow->lines, IsEmpty());
  EXPECT_EQ(open(), 2u);
  ASSERT_TRUE(comes(*slow, rounds * each));
  std::vector<std::int64_t> expected;
  for (int i = 1; i <= rounds * each; ++i) expected.push_back(i);
  EXPECT_EQ(slow->positions(), expected);
  EXPECT_EQ(quick->positions(), expected);
}

TEST_F(SubscribeBus, AReaderThatGoesIsForgottenAtOnce) {
  {
    auto idle = subscribe();
    auto full = subscribe();
    ASSERT_TRUE(idle && full);
    publish_many(100, R"({"attributes":")" + std::string(5000, 'x') + "\"}");
    ASSERT_TRUE(comes(*idle, 100));
    EXPECT_EQ(open(), 2u);
  }
  EXPECT_TRUE(bus::test::run_until(loop, [&] { return open() == 0; }));
  publish_many(1);
}

TEST_F(SubscribeBus, TooManyAreRefusedUntilOneGoes) {
  std::vector<Reader> readers;
  for (std::size_t i = 0; i < max_subscribers_of_one; ++i) {
    auto one = subscribe();
    ASSERT_TRUE(one);
    readers.push_back(std::move(*one));
  }
  EXPECT_EQ(refused({}, {}), Kind::Busy);
  readers.pop_back();
  EXPECT_TRUE(bus::test::run_until(loop, [&] { return open() < max_subscribers_of_one; }));
  EXPECT_TRUE(subscribe());
  for (std::size_t i = open(); i < max_subscribers; ++i) { // of others
    auto source = Subscription::open({}, 0);
    ASSERT_TRUE(face->subscribers().add(static_cast<std::uint32_t>(70'000 + i), Place::system(),
                                        std::move(*source), AtEnd::Follow));
  }
  auto one_more = face->subscribers().admit(12345);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().kind, Kind::Busy);
}

TEST_F(SubscribeBus, WhatIsNotUnderstoodIsRefused) {
  EXPECT_EQ(refused({"secrets"}, {}), Kind::NotFound);
  EXPECT_EQ(refused(std::vector<std::string>(1000, "nodes"), {}), Kind::Invalid);
  EXPECT_EQ(refused({}, {{"from", std::uint64_t{1}}}), Kind::Invalid); // nothing is there yet
  EXPECT_EQ(refused({}, {{"from", ~std::uint64_t{0}}}), Kind::Invalid);
  EXPECT_EQ(refused({}, {{"from", std::string("0")}}), Kind::Invalid);
  EXPECT_EQ(refused({}, {{"where", true}}), Kind::Invalid);
  EXPECT_EQ(refused({}, {{"keys", std::vector<std::string>(100, "k")}}), Kind::Invalid);
  EXPECT_EQ(refused({}, {{"graph", std::string("x\n")}}), Kind::Invalid);
  EXPECT_EQ(refused({}, {}, "../system"), Kind::Invalid);
  EXPECT_EQ(refused({}, {}, "00000000-0000-4000-8000-000000000000"), Kind::NotFound);
  EXPECT_EQ(open(), 0u);
}

TEST_F(SubscribeBus, AnOrganizationTellsItsOwnAndEndsWithIt) {
  make_account();
  auto made = with_text("CreateOrganization", {"Acme", "acme", "ada@example.org"});
  const std::string id = std::get<std::string>((*made->read_dictionary())["id"]);
  EXPECT_EQ(refused({}, {}, id), Kind::NotFound); // no database yet
  ASSERT_TRUE(
      with_text("PutGraphType",
                {id, R"({"name":"t","config":{"graph_type":"directed"},"node_types":[{"name":"n"}]})"}));
  auto theirs = subscribe({"graphs"}, {{"from", std::uint64_t{0}}}, id);
  auto ours = subscribe({"graphs"});
  ASSERT_TRUE(theirs && ours);
  ASSERT_TRUE(call("CreateGraph", [&](bus::Message& m) {
    m.write_text(id).write_text("t").write_text("g").write_dictionary({});
  }));
  ASSERT_TRUE(comes(*theirs, 1));
  EXPECT_THAT(theirs->lines[0], HasSubstr(R"("name":"g")"));
  ASSERT_TRUE(with_text("DeleteOrganization", {"acme"}));
  EXPECT_TRUE(ends(*theirs));
  ours->read();
  EXPECT_THAT(ours->lines, IsEmpty());
  EXPECT_FALSE(ours->ended);
}

TEST_F(SubscribeBus, AStopEndsThemAll) {
  auto one = subscribe();
  ASSERT_TRUE(one);
  face->end_subscriptions();
  EXPECT_TRUE(ends(*one));
  EXPECT_EQ(refused({}, {}), Kind::Gone);
}

TEST_F(SubscribeBus, AConsumerGoesOnBehindWhatItAcknowledged) {
  for (const char* email : {"a@b", "c@d", "e@f"}) make_account(email);
  auto create = [&](const char* name, bus::Dictionary facts) {
    return call("CreateConsumer", [&](bus::Message& m) {
      m.write_text("")
          .write_text(name)
          .write_texts(std::vector<std::string>{"accounts"})
          .write_dictionary(facts);
    });
  };
  auto acknowledge = [&](std::uint64_t position) {
    return call("Acknowledge",
                [&](bus::Message& m) { m.write_text("").write_text("mirror").write_u64(position); });
  };
  const bus::Dictionary mirror = {{"consumer", std::string("mirror")}};
  EXPECT_EQ(refused({}, mirror), Kind::NotFound);
  ASSERT_TRUE(create("mirror", {{"from", std::uint64_t{0}}}));
  EXPECT_EQ(create("mirror", {}).error().kind, Kind::Conflict);
  EXPECT_EQ(create("other", {{"to", std::uint64_t{0}}}).error().kind, Kind::Invalid);
  auto first = subscribe({}, mirror);
  ASSERT_TRUE(first && comes(*first, 3));
  EXPECT_EQ(*acknowledge(2)->read_u64(), 2u);
  EXPECT_EQ(*acknowledge(1)->read_u64(), 2u);
  EXPECT_EQ(acknowledge(77).error().kind, Kind::Invalid);
  EXPECT_EQ(acknowledge(~std::uint64_t{0}).error().kind, Kind::Invalid);
  auto second = subscribe({"accounts"}, mirror);
  ASSERT_TRUE(second && comes(*second, 1));
  EXPECT_EQ(second->position, 2u);
  EXPECT_THAT(second->positions(), ElementsAre(3));
  EXPECT_EQ(refused({"nodes"}, mirror), Kind::Invalid); // not this consumer's
  EXPECT_EQ(refused({}, {{"consumer", std::string("mirror")}, {"from", std::uint64_t{0}}}), Kind::Invalid);
  EXPECT_EQ(with_text("ListConsumers", {""})->read_dictionaries()->size(), 1u);
  EXPECT_TRUE(with_text("DeleteConsumer", {"", "mirror"}));
  EXPECT_EQ(with_text("DeleteConsumer", {"", "mirror"}).error().kind, Kind::NotFound);
}

TEST_F(SubscribeBus, StreamsAreListedWithTheirNewest) {
  make_account();
  auto list = *with_text("ListStreams", {""})->read_dictionaries();
  EXPECT_EQ(list.size(), projected_streams().size());
  for (auto& stream : list) {
    const bool accounts = std::get<std::string>(stream["stream"]) == "accounts";
    EXPECT_EQ(std::get<std::uint64_t>(stream["position"]), accounts ? 1u : 0u);
    EXPECT_EQ(stream.contains("time"), accounts);
  }
}

} // namespace
} // namespace alk::stored::subscribe_bus_test
