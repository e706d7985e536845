// What is counted by listener and by identity: names, sums, and that no count ever moves or goes back.
#include "counts.hpp"
#include "identity_ledger.hpp"
#include "session_table.hpp"

#include <set>

#include <gmock/gmock.h>

namespace alk::listend::counts_test {

namespace {

using testing::Contains;

TEST(Counts, AreSummedOverTheLoops) {
  Counts first, second;
  first.add(Count::LoginAccepted);
  second.add(Count::LoginAccepted, 2);
  second.add(Count::ChannelPolicy);
  const Counts* loops[] = {&first, &second};
  std::vector<Reading> readings;
  read_counts(loops, {{"listener", "tls"}}, readings);
  EXPECT_EQ(readings.size(), count_kinds); // those that are zero, too
  EXPECT_THAT(readings, Contains(Reading{"alknet_logins_accepted_total", {{"listener", "tls"}}, 3}));
  EXPECT_THAT(
      readings,
      Contains(Reading{"alknet_channels_refused_total", {{"listener", "tls"}, {"reason", "policy"}}, 1}));
}

TEST(Counts, EachSeriesIsThereOnce) {
  std::set<std::pair<std::string, Labels>> seen;
  std::vector<Reading> readings;
  read_counts({}, {}, readings);
  for (const Reading& reading : readings) EXPECT_TRUE(seen.emplace(reading.name, reading.labels).second);
}

TEST(Counts, KnowTheWordsOfTheLog) {
  EXPECT_EQ(failed_login("unknown-key"), Count::LoginUnknownKey);
  EXPECT_EQ(failed_login("gssapi"), Count::LoginGssapi);
  EXPECT_EQ(failed_login("policy"), Count::LoginOther);
  EXPECT_EQ(failed_login(""), Count::LoginOther);
  EXPECT_EQ(refused_channel("connect"), Count::ChannelConnect);
  EXPECT_EQ(refused_channel("remote-forward"), Count::ChannelRemoteForward);
  EXPECT_EQ(refused_channel("of a later release"), Count::ChannelOther);
}

class Ledger : public testing::Test {
 protected:
  LiveSession open(std::uint64_t id, const std::string& identity) {
    LiveSession session;
    session.id = id;
    session.identity.id = identity;
    session.channels = std::make_shared<std::atomic<std::uint32_t>>(1);
    session.traffic = traffic_[id] = std::make_shared<Traffic>();
    table_.add(session);
    ledger_.opened(session);
    return session;
  }
  void close(std::uint64_t id) { ledger_.closed(*table_.remove(id)); }
  std::uint64_t read(const std::string& name, const Labels& labels) const {
    std::vector<Reading> readings;
    ledger_.read(table_, readings);
    for (const Reading& reading : readings)
      if (reading.name == name && reading.labels == labels) return reading.value;
    return absent;
  }

  static constexpr std::uint64_t absent = 12345;
  std::map<std::uint64_t, std::shared_ptr<Traffic>> traffic_;
  SessionTable table_;
  IdentityLedger ledger_;
};

TEST_F(Ledger, CountsLiveAndEndedSessions) {
  open(1, "ann");
  open(2, "ann");
  traffic_[1]->up.add(10);
  traffic_[2]->up.add(5);
  traffic_[2]->down.add(7);
  EXPECT_EQ(read("alknet_identity_sessions", {{"identity", "ann"}}), 2U);
  EXPECT_EQ(read("alknet_forwarded_bytes_total", {{"direction", "up"}}), 15U);
  close(2);
  EXPECT_EQ(read("alknet_identity_sessions", {{"identity", "ann"}}), 1U);
  EXPECT_EQ(read("alknet_identity_channels", {{"identity", "ann"}}), 1U);
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", "ann"}}), 2U);
  EXPECT_EQ(read("alknet_identity_forwarded_bytes_total", {{"direction", "up"}, {"identity", "ann"}}), 15U);
  EXPECT_EQ(read("alknet_forwarded_bytes_total", {{"direction", "down"}}), 7U);
  close(1);
  EXPECT_EQ(read("alknet_identity_sessions", {{"identity", "ann"}}), 0U); // the series stays
}

TEST_F(Ledger, IsBoundedAndMovesNoCount) {
  for (std::uint64_t i = 0; i < most_identities + 20; ++i) open(i, "id" + std::to_string(i));
  const std::string last = "id" + std::to_string(most_identities + 19);
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", last}}), absent);
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", "other"}}), 20U);
  EXPECT_EQ(read("alknet_identity_sessions", {{"identity", "other"}}), 20U);
  traffic_[most_identities + 19]->down.add(9);
  for (std::uint64_t i = 0; i < most_identities + 20; ++i) close(i);
  open(1000, last); // room for nobody, although nobody is there
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", last}}), absent);
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", "other"}}), 21U);
  EXPECT_EQ(read("alknet_identity_forwarded_bytes_total", {{"direction", "down"}, {"identity", "other"}}),
            9U);
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", "id3"}}), 1U);
}

TEST_F(Ledger, AnIdentityOfThatNameTakesNoRoom) {
  open(1, "other");
  for (std::uint64_t i = 0; i < most_identities; ++i) open(10 + i, "id" + std::to_string(i));
  EXPECT_EQ(read("alknet_identity_logins_total", {{"identity", "id99"}}), 1U);
}

} // namespace
} // namespace alk::listend::counts_test
