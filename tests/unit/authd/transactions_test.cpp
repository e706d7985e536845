#include "alknet-authd/transactions.hpp"
#include "world.hpp"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

namespace alk::authd::transactions_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::id;
using ::testing::IsEmpty;
using testing::key;
using testing::line;
using testing::World;

TEST(Snapshot, ReadsFilesAndInlineLinesInOrder) {
  World world;
  world.elements = {line("restrict", 2), "/keys", "/more"};
  world.files["/more"] = "nonsense\n" + line(3);
  auto snapshot = read_snapshot(world.sources());
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->digest, "one");
  EXPECT_EQ(snapshot->keys.login_count(), 3u);
  EXPECT_FALSE(snapshot->keys.find_login(key(2))->line.options.port_forwarding);
  EXPECT_THAT(snapshot->keys.warnings().texts(),
              ElementsAre("/more:1: option 1 is unknown",
                          "/keys:2: the key stands already at auth.ssh.authorized_keys[0]:1"));
}

TEST(Snapshot, NoKeysAtAllIsAllowed) {
  World world;
  world.elements.clear();
  auto snapshot = read_snapshot(world.sources());
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->keys.login_count(), 0u);
}

TEST(Snapshot, NamesEveryUnusableFile) {
  World world;
  world.elements = {"/gone", "/keys", "/lost"};
  auto snapshot = read_snapshot(world.sources());
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().kind, Kind::Invalid);
  EXPECT_EQ(snapshot.error().what, "/gone: auth.ssh.authorized_keys[0]: No such file or directory\n"
                                   "/lost: auth.ssh.authorized_keys[2]: No such file or directory");
  EXPECT_EQ(check_sources(world.sources()).error().what, snapshot.error().what);
  world.elements = {"/keys", line(3)};
  EXPECT_TRUE(check_sources(world.sources()));
  world.problems = {{"/alknet.toml", 3, "limits.x", "unknown key"}};
  EXPECT_EQ(check_sources(world.sources()).error().what, "/alknet.toml:3: limits.x: unknown key");
}

TEST(Snapshot, KeyFilesAreBoundedTogether) {
  World world;
  world.files["/keys"] = std::string(max_key_file, '#');
  world.elements.assign(max_key_bytes / max_key_file, "/keys");
  EXPECT_TRUE(read_snapshot(world.sources()));
  world.elements.push_back("/keys");
  EXPECT_FALSE(read_snapshot(world.sources()));
}

class KeyFile : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override {
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/keys"; }

  std::string directory_ = "/tmp/alknet-authd-XXXXXX";
};

TEST_F(KeyFile, IsARegularFileOfBoundedSize) {
  EXPECT_EQ(read_key_file(path(), 10).error().what, "No such file or directory");
  EXPECT_EQ(read_key_file(directory_, 10).error().what, "not a regular file");
  EXPECT_EQ(read_key_file("/dev/zero", 10).error().what, "not a regular file");
  std::ofstream(path()) << "0123456789";
  EXPECT_EQ(read_key_file(path(), 10).value(), "0123456789");
  EXPECT_EQ(read_key_file(path(), 9).error().kind, Kind::Invalid);
}

TEST(Transactions, StartAtGenerationZero) {
  World world;
  auto transactions = world.start();
  EXPECT_EQ(transactions.generation(), 0u);
  EXPECT_EQ(transactions.current()->keys.login_count(), 2u);
}

TEST(Transactions, PrepareChangesNothingCommitDoes) {
  World world;
  auto transactions = world.start();
  auto before = transactions.current();
  world.files["/keys"] = line(1) + "\n" + line(3);
  world.digest = "two";
  EXPECT_EQ(transactions.prepare(7).value(), "two");
  EXPECT_EQ(transactions.current(), before);
  auto committed = transactions.commit(7);
  ASSERT_TRUE(committed);
  EXPECT_EQ(committed->generation, 7u);
  EXPECT_THAT(committed->revoked, ElementsAre(id(2)));
  EXPECT_EQ(transactions.generation(), 7u);
  EXPECT_EQ(transactions.current()->digest, "two");
  EXPECT_NE(transactions.current()->keys.find_login(key(3)), nullptr);
}

// A reader that holds the old snapshot goes on with it.
TEST(Transactions, ASnapshotOutlivesTheSwap) {
  World world;
  auto transactions = world.start();
  auto held = transactions.current();
  world.files["/keys"] = "";
  ASSERT_TRUE(transactions.reload());
  EXPECT_NE(held->keys.find_login(key(2)), nullptr);
}

// What was read at Prepare counts, not what the disk holds at Commit.
TEST(Transactions, CommitDoesNotReadAgain) {
  World world;
  auto transactions = world.start();
  ASSERT_TRUE(transactions.prepare(1));
  world.files.clear();
  world.problems.push_back({"alknet.toml", 1, "x", "broken"});
  ASSERT_TRUE(transactions.commit(1));
  EXPECT_EQ(transactions.current()->keys.login_count(), 2u);
}

TEST(Transactions, BadInputLeavesEverything) {
  World world;
  auto transactions = world.start();
  world.problems = {{"alknet.toml", 3, "auth.x", "unknown key"}, {"alknet.toml", 9, "limits.y", "too large"}};
  auto prepared = transactions.prepare(1);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().kind, Kind::Invalid);
  EXPECT_EQ(prepared.error().what, world.problems[0].describe() + "\n" + world.problems[1].describe());
  EXPECT_EQ(transactions.commit(1).error().kind, Kind::NotFound);
  EXPECT_FALSE(transactions.reload());
  EXPECT_EQ(transactions.generation(), 0u);
  EXPECT_EQ(transactions.current()->keys.login_count(), 2u);
}

TEST(Transactions, OneAtATime) {
  World world;
  auto transactions = world.start();
  ASSERT_TRUE(transactions.prepare(1));
  EXPECT_EQ(transactions.prepare(2).error().kind, Kind::Busy);
  EXPECT_EQ(transactions.prepare(1).error().kind, Kind::Busy);
  EXPECT_EQ(transactions.reload().error().kind, Kind::Busy);
  EXPECT_EQ(transactions.commit(2).error().kind, Kind::NotFound);
  EXPECT_TRUE(transactions.commit(1));
  EXPECT_EQ(transactions.commit(1).error().kind, Kind::NotFound);
  EXPECT_TRUE(transactions.prepare(2));
}

TEST(Transactions, AFailedPrepareIsNotOpen) {
  World world;
  auto transactions = world.start();
  auto files = std::exchange(world.files, {});
  EXPECT_FALSE(transactions.prepare(1));
  world.files = files;
  EXPECT_TRUE(transactions.prepare(2));
}

TEST(Transactions, Abort) {
  World world;
  auto transactions = world.start();
  transactions.abort(1); // unknown: ignored
  ASSERT_TRUE(transactions.prepare(1));
  transactions.abort(2); // not this one
  EXPECT_EQ(transactions.prepare(3).error().kind, Kind::Busy);
  transactions.abort(1);
  EXPECT_EQ(transactions.commit(1).error().kind, Kind::NotFound);
  EXPECT_TRUE(transactions.prepare(3));
}

TEST(Transactions, ExpireByThemselves) {
  World world;
  auto transactions = world.start();
  ASSERT_TRUE(transactions.prepare(1));
  world.steady += transaction_lifetime - milliseconds(1);
  transactions.expire();
  EXPECT_EQ(transactions.prepare(2).error().kind, Kind::Busy);
  world.steady += milliseconds(1);
  EXPECT_EQ(transactions.commit(1).error().kind, Kind::NotFound);
  EXPECT_TRUE(transactions.prepare(2));
  EXPECT_EQ(transactions.generation(), 0u);
}

TEST(Transactions, AnExpiredOneBlocksNobody) {
  World world;
  auto transactions = world.start();
  ASSERT_TRUE(transactions.prepare(1));
  world.steady += seconds(60);
  EXPECT_TRUE(transactions.reload());
  ASSERT_TRUE(transactions.prepare(2));
  world.steady += seconds(60);
  EXPECT_TRUE(transactions.prepare(3));
  EXPECT_TRUE(transactions.commit(3));
}

TEST(Transactions, ReloadCountsUp) {
  World world;
  auto transactions = world.start();
  EXPECT_EQ(transactions.reload()->generation, 1u);
  ASSERT_TRUE(transactions.prepare(40));
  ASSERT_TRUE(transactions.commit(40));
  EXPECT_EQ(transactions.reload()->generation, 41u);
}

TEST(Transactions, AKeyThatExpiredIsRevokedAtTheNextReload) {
  World world;
  world.files["/keys"] = line("expiry-time=\"20270115080010Z\"", 1);
  auto transactions = world.start();
  EXPECT_THAT(transactions.reload()->revoked, IsEmpty());
  world.wall += 10;
  EXPECT_THAT(transactions.reload()->revoked, ElementsAre(id(1)));
}

TEST(Transactions, EveryTextIsKeptBeforeItIsInForce) {
  World world;
  std::vector<std::uint64_t> in_force; // generation at the time of each keep
  Transactions* known = nullptr;
  auto keep = [&](const config::CommittedText& text) {
    world.kept.push_back(text);
    in_force.push_back(known != nullptr ? known->generation() : 99);
  };
  Transactions transactions(read_snapshot(world.sources()).value(), world.sources(), world.clocks(), keep);
  known = &transactions;
  ASSERT_EQ(world.kept.size(), 1U);
  EXPECT_EQ(world.kept[0].generation, 0U);
  EXPECT_EQ(world.kept[0].sources[0].text, "one");
  EXPECT_EQ(world.kept[0].files.at("/keys"), world.files["/keys"]);
  world.digest = "two";
  ASSERT_TRUE(transactions.prepare(5));
  EXPECT_EQ(world.kept.size(), 1U); // what is only prepared is not
  ASSERT_TRUE(transactions.commit(5));
  ASSERT_EQ(world.kept.size(), 2U);
  EXPECT_EQ(world.kept[1].generation, 5U);
  EXPECT_EQ(world.kept[1].sources[0].text, "two");
  ASSERT_TRUE(transactions.reload());
  EXPECT_EQ(world.kept[2].generation, 6U);
  EXPECT_EQ(in_force, (std::vector<std::uint64_t>{99, 0, 5}));
  EXPECT_TRUE(transactions.current()->text.files.empty()); // once is enough
}

TEST(Transactions, WhatWasKeptGoesOnWithItsGeneration) {
  config::CommittedText text;
  text.generation = 12;
  text.sources = {{"/etc/alknet.toml", "alknet.toml",
                   "[auth.ssh]\nauthorized_keys = [\"/keys\"]\n[[listeners]]\nname = \"a\"\n"
                   "transport = \"tcp\"\n"}};
  text.files = {{"/keys", line(3)}};
  auto snapshot = read_snapshot(sources_of(std::make_shared<const config::CommittedText>(text)));
  ASSERT_TRUE(snapshot) << snapshot.error().what;
  EXPECT_EQ(snapshot->text.files, text.files);
  snapshot->text.generation = text.generation;
  World world;
  Transactions transactions(std::move(*snapshot), world.sources(), world.clocks(), world.keep());
  EXPECT_EQ(transactions.generation(), 12U);
  EXPECT_EQ(world.kept[0].generation, 12U);
  EXPECT_NE(transactions.current()->keys.find_login(key(3)), nullptr);
  EXPECT_EQ(transactions.current()->keys.find_login(key(1)), nullptr); // what the disk says counts later
  ASSERT_TRUE(transactions.reload());
  EXPECT_EQ(transactions.generation(), 13U);
  EXPECT_NE(transactions.current()->keys.find_login(key(1)), nullptr);
}

TEST(Snapshot, AKeptTextWithoutItsKeyFileIsRefused) {
  config::CommittedText text;
  text.sources = {{"/etc/alknet.toml", "alknet.toml", "[auth.ssh]\nauthorized_keys = [\"/keys\"]\n"}};
  EXPECT_FALSE(read_snapshot(sources_of(std::make_shared<const config::CommittedText>(text))));
}

} // namespace
} // namespace alk::authd::transactions_test
