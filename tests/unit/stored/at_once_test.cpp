// Reads on the loop: what they may take, who takes over, and that nobody can tell who answered.
#include "alknet-stored/sqlite/connection.hpp"
#include "alknet-stored/sqlite/no_wait.hpp"
#include "store_bus_test_base.hpp"

#include <future>

#include <fcntl.h>
#include <sys/uio.h>

namespace alk::stored {
namespace {

Result<void> nothing(Transaction&) {
  return {};
}

Work count_to(int limit) {
  return [limit](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(
        tables.find("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
                    "SELECT count(*) FROM n",
                    {std::int64_t{limit}}));
    return {};
  };
}

class AtOnce : public EngineTest {
 protected:
  std::unique_ptr<Connection> open() {
    auto opened = engine_->open_at_once();
    EXPECT_TRUE(opened);
    return opened ? std::move(*opened) : nullptr;
  }
};
ON_EVERY_ENGINE(AtOnce);

TEST_P(AtOnce, IsForFilesOfOurs) {
  EXPECT_EQ(open() != nullptr, engine_->require_files().has_value());
}

TEST_P(AtOnce, ReadsWhatWasCommittedLastAndWritesNothing) {
  auto connection = open();
  if (!connection) return;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(execute("UPDATE counters SET value = ?1 WHERE name = 'stream'", {std::int64_t{i}}));
    EXPECT_TRUE(connection->transact(Access::Read, [i](Transaction& tables) -> Result<void> {
      ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'stream'"));
      EXPECT_EQ(row->integer(0), i);
      return {};
    }));
  }
  EXPECT_FALSE(connection->transact(Access::Write, nothing));
  EXPECT_FALSE(connection->transact(Access::Read, [](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.execute("DELETE FROM counters"));
    return {};
  }));
}

TEST_P(AtOnce, AnEndlessWorkIsBusyAndTheNextOneIsNot) {
  auto connection = open();
  if (!connection) return;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(connection->transact(Access::Read, count_to(1'000'000)).error().kind, Kind::Busy);
    EXPECT_TRUE(connection->transact(Access::Read, count_to(10)));
  }
  // Also one of many small steps, and not the sum of many works.
  auto many = [](Transaction& tables) -> Result<void> {
    for (int i = 0; i < max_steps_at_once; ++i) ALK_TRY_VOID(count_to(1)(tables));
    return {};
  };
  EXPECT_EQ(connection->transact(Access::Read, many).error().kind, Kind::Busy);
  for (int i = 0; i < max_steps_at_once; ++i) EXPECT_TRUE(connection->transact(Access::Read, count_to(1)));
}

class NoWaiting : public testing::Test {
 protected:
  // On the disk, if there is one: what is in memory anyway never has to be fetched.
  NoWaiting() : path_(testing::TempDir() + "alknet-no-wait-XXXXXX") {
    file_ = Fd(::mkstemp(path_.data()));
    auto writer = SqliteConnection::open({path_, Access::Write});
    if (!file_ || !writer) std::abort();
    filled_ = (*writer)->command("CREATE TABLE t (i INTEGER PRIMARY KEY, text TEXT) STRICT") &&
              (*writer)->command(
                  "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                  "INSERT INTO t SELECT i, printf('%4000d', i) FROM n");
  }
  ~NoWaiting() override {
    for (const char* beside : {"", "-wal", "-shm"}) ::unlink((path_ + beside).c_str());
  }
  // From the machine's memory. False: it stays there.
  bool drop() {
    ::fsync(file_.get());
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
    char byte = 0;
    const ::iovec place{&byte, 1};
    const off_t middle =
        ::lseek(file_.get(), 0, SEEK_END) / 2; // asking has the kernel fetch it, and its neighbours
    return ::preadv2(file_.get(), &place, 1, middle, RWF_NOWAIT) < 0 && errno == EAGAIN;
  }
  Result<void> read_last(bool at_once) {
    SqliteOpening opening{path_, Access::Read};
    opening.at_once = at_once;
    auto connection = SqliteConnection::open(opening);
    if (!connection) return pass(std::move(connection).error());
    dropped_ = drop();
    return (*connection)->transact(Access::Read, [](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.find("SELECT text FROM t WHERE i = 1000"));
      return {};
    });
  }

  std::string path_;
  Fd file_;
  bool filled_ = false;
  bool dropped_ = false;
};

TEST_F(NoWaiting, WhatIsNotInMemoryFailsAndIsThereForWhoWaits) {
  ASSERT_TRUE(can_read_without_waiting());
  ASSERT_TRUE(filled_);
  // A disk may be faster than this thread, but not each time.
  Result<void> done;
  for (int i = 0; i < 20 && done; ++i) {
    done = read_last(true);
    if (!dropped_) GTEST_SKIP() << "no disk below, or it is all memory";
  }
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, Kind::Broken);
  EXPECT_TRUE(read_last(false));
}

// --- the storage

// SQLite whose connection for reads at once does what the test says.
struct Front {
  Kind trouble = Kind::Gone; // Gone: none
  int asked = 0;
};
class TroubledConnection final : public Connection, private Transaction {
 public:
  explicit TroubledConnection(std::shared_ptr<Front> front) : front_(std::move(front)) {}

 protected:
  Result<void> begin(Access) override {
    ++front_->asked;
    return {};
  }
  Result<void> commit() override { return {}; }
  void rollback() override {}
  bool in_transaction() const override { return true; }
  Transaction& statements() override { return *this; }
  Result<std::uint64_t> run(std::string_view, const Values&, const RowVisitor*) override {
    return fail(front_->trouble, "as the test says");
  }

 private:
  std::shared_ptr<Front> front_;
};
class TroubledEngine final : public Engine {
 public:
  TroubledEngine(const std::string& directory, std::shared_ptr<Front> front)
      : engine_(std::move(*make_sqlite_engine(directory))), front_(std::move(front)) {}
  std::string name() const override { return engine_->name(); }
  Result<std::unique_ptr<Connection>> open(const Place& place, Access access) override {
    return engine_->open(place, access);
  }
  Result<std::unique_ptr<Connection>> open_at_once() override {
    if (!front_) return std::unique_ptr<Connection>();
    return std::unique_ptr<Connection>(std::make_unique<TroubledConnection>(front_));
  }
  Result<std::unique_ptr<Filling>> begin_filling() override { return engine_->begin_filling(); }
  Result<void> settle(const Known& known) override { return engine_->settle(known); }
  Result<void> make_tenant(const Place& place) override { return engine_->make_tenant(place); }
  Result<void> retire_tenant(const Place& place) override { return engine_->retire_tenant(place); }
  Result<void> erase_tenant(const Place& place) override { return engine_->erase_tenant(place); }
  Result<std::uint64_t> size(Transaction& system) const override { return engine_->size(system); }

 private:
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<Front> front_;
};

class StoreAtOnce : public testing::Test {
 protected:
  std::unique_ptr<Store> open(std::shared_ptr<Front> front) {
    return std::move(
        *Store::open(loop, std::make_unique<TroubledEngine>(directory.path(), std::move(front))));
  }
  static Result<void> look(Transaction& tables) {
    ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'revision'"));
    return row ? Result<void>() : fail(Kind::NotFound, "no counter");
  }

  StorageDirectory directory;
  asio::io_context loop;
};

TEST_F(StoreAtOnce, TroubleIsForAReader) {
  for (Kind trouble : {Kind::Busy, Kind::Broken}) {
    auto front = std::make_shared<Front>(Front{trouble});
    auto store = open(front);
    int errors = 0, answers = 0;
    store->on_error([&](const Place&, const Error&) { ++errors; });
    auto count = [&](Result<void> done) { answers += done ? 1 : 0; };
    store->read(Place::system(), look, count, Extent::Row);
    // Until the reader has answered nobody tries again.
    store->read(Place::system(), look, count, Extent::Row);
    EXPECT_EQ(front->asked, 1);
    ASSERT_TRUE(bus::test::run_until(loop, [&] { return answers == 2; }));
    store->read(Place::system(), look, count, Extent::Row);
    EXPECT_EQ(front->asked, 2);
    ASSERT_TRUE(bus::test::run_until(loop, [&] { return answers == 3; }));
    EXPECT_EQ(errors, 0); // nobody hears of what a reader has set right
    EXPECT_EQ(store->numbers().at_once, 0u);
    EXPECT_EQ(store->numbers().read.done, 3u);
    EXPECT_EQ(store->numbers().read.failed, 0u);
  }
}

TEST_F(StoreAtOnce, WhatTheWorkSaysIsTheAnswerAndThereOnReturn) {
  auto store = open(std::make_shared<Front>(Front{Kind::NotFound}));
  int errors = 0;
  store->on_error([&](const Place&, const Error&) { ++errors; });
  std::optional<Result<void>> answer;
  auto take = [&](Result<void> done) {
    EXPECT_EQ(errors, 1); // as ever, before who asked hears of it
    answer = std::move(done);
  };
  store->read(Place::system(), look, take, Extent::Row);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().kind, Kind::NotFound);
  EXPECT_EQ(store->numbers().at_once, 1u);
  EXPECT_EQ(store->numbers().read.failed, 1u);
}

TEST_F(StoreAtOnce, OnlyRowsOfTheSystem) {
  auto front = std::make_shared<Front>();
  auto store = open(front);
  int answers = 0;
  auto count = [&](Result<void>) { ++answers; };
  store->read(Place::system(), look, count);
  store->read(*Place::tenant("0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52"), look, count, Extent::Row);
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return answers == 2; }));
  EXPECT_EQ(front->asked, 0);
}

// --- the bus

using BusAtOnce = StoreBusTest;

TEST_F(BusAtOnce, NobodyWaitsForTheWriterOrAReader) {
  const std::string id = make_account();
  std::promise<void> go;
  auto held = go.get_future().share();
  std::atomic<int> held_by{0};
  auto hold = [&held_by, held](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.find("SELECT value FROM counters WHERE name = 'revision'"));
    ++held_by;
    held.wait();
    return {};
  };
  auto ignore = [](Result<void>) {};
  store->write(Place::system(), hold, ignore);
  for (std::size_t i = 0; i < reader_count; ++i) store->read(Place::system(), hold, ignore);
  while (held_by < static_cast<int>(reader_count) + 1) std::this_thread::yield();
  EXPECT_TRUE(with_text("GetAccount", {id}));
  EXPECT_EQ(revision(), 1u);
  EXPECT_EQ(store->numbers().at_once, 2u);
  go.set_value();
}

// The same questions to the loop and to readers alone.
TEST_F(BusAtOnce, BothWaysAnswerAlike) {
  const std::string id = make_account();
  auto ask = [&] {
    std::vector<std::string> answers;
    for (const std::string& reference : {id, std::string("ada@example.org"), std::string("ADA@example.org"),
                                         std::string("nobody"), std::string("no\nname"), std::string()}) {
      auto account = with_text("GetAccount", {reference});
      answers.push_back(account ? "found" : account.error().describe());
      if (!account) continue;
      auto facts = *account->read_dictionary();
      for (const auto& [name, value] : facts)
        if (const auto* text = std::get_if<std::string>(&value)) answers.push_back(name + "=" + *text);
    }
    auto credential = with_text("GetCredential", {"none"});
    answers.push_back(credential ? "found" : credential.error().describe());
    answers.push_back(std::to_string(revision()));
    return answers;
  };
  const auto at_once = ask();
  EXPECT_EQ(store->numbers().at_once, at_once.size() > 8 ? 8u : 0u);
  face.reset();
  store = std::move(*Store::open(loop, std::make_unique<TroubledEngine>(directory.path(), nullptr)));
  serve_as({::geteuid(), std::nullopt, nullptr});
  EXPECT_EQ(ask(), at_once);
  EXPECT_EQ(store->numbers().at_once, 0u);
}

TEST_F(BusAtOnce, ADamagedDatabaseIsInternalAsEver) {
  ASSERT_FALSE(make_account().empty());
  int errors = 0;
  store->on_error([&](const Place&, const Error& error) { errors += error.kind == Kind::Broken ? 1 : 0; });
  auto drop = [](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.execute("DROP TABLE outbound_credentials"));
    return {};
  };
  bool done = false;
  store->write(Place::system(), drop, [&](Result<void> result) { done = result.has_value(); });
  ASSERT_TRUE(bus::test::run_until(loop, [&] { return done; }));
  auto answer = with_text("GetCredential", {"x"});
  EXPECT_EQ(answer.error().kind, Kind::Broken);
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(store->numbers().at_once, 0u);
}

} // namespace
} // namespace alk::stored
