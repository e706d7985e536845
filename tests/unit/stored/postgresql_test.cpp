// What is PostgreSQL's own. The first part needs no server.
#include "alknet-stored/postgresql/dialect.hpp"
#include "engine_test_base.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>

namespace alk::stored::postgresql_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* insert = "INSERT INTO stream_consumers (name, topic, position) VALUES (?1, 't', 1)";

TEST(PostgresqlDialect, Parameters) {
  EXPECT_EQ(pg_statement("SELECT ?1, '?2', ?12"), "SELECT $1, '?2', $12");
  EXPECT_EQ(pg_statement("SELECT 'it''s ?' || ?1"), "SELECT 'it''s ?' || $1");
  EXPECT_EQ(pg_statement(""), "");
}

TEST(PostgresqlDialect, Definitions) {
  EXPECT_EQ(pg_definition("CREATE TABLE a (b INTEGER, c TEXT NOT NULL DEFAULT 'TEXT', INTEGERS int)"),
            "CREATE TABLE a (b BIGINT, c TEXT COLLATE \"C\" NOT NULL DEFAULT 'TEXT', INTEGERS int)");
}

TEST(PostgresqlAddress, WhatIsRefused) {
  auto kind = [](PostgresqlOptions options) {
    auto made = make_postgresql_engine(std::move(options));
    EXPECT_THAT(made ? "" : made.error().what, Not(HasSubstr("hunter2")));
    return made ? std::nullopt : std::optional(made.error().kind);
  };
  EXPECT_EQ(kind({"postgresql://db.example/alknet", {}}), std::nullopt);
  EXPECT_EQ(kind({"host=/run/postgresql dbname=alknet", {}}), std::nullopt);
  EXPECT_EQ(kind({"postgresql://u:hunter2@db.example/alknet", {}}), Kind::Invalid);
  EXPECT_EQ(kind({"host=a password=hunter2", {}}), Kind::Invalid);
  EXPECT_EQ(kind({"postgresql://[hunter2", {}}), Kind::Invalid);
  EXPECT_EQ(kind({"postgresql:///a?%70assword=hunter2", {}}), Kind::Invalid);
  EXPECT_EQ(kind({"postgresql:///a?sslpassword=hunter2", {}}), Kind::Invalid);
  for (const char* prefix : {"", "A", "a\"b", "a-b", "abcdefghijklmnopq"})
    EXPECT_EQ(kind({"dbname=a", {}, prefix}), Kind::Invalid) << prefix;
}

TEST(PostgresqlAddress, NobodyThereIsBusy) {
  StorageDirectory nowhere;
  auto engine = make_postgresql_engine({"host=" + nowhere.path() + " user=x dbname=x", {}});
  ASSERT_TRUE(engine);
  auto opened = (*engine)->open(Place::system(), Access::Write);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Kind::Busy);
}

class Postgresql : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Engine> head() { return std::move(*place_.engine()); }
  std::unique_ptr<Connection> open(Engine& engine, Access access = Access::Write) {
    auto opened = engine.open(Place::system(), access);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().describe());
    return opened ? std::move(*opened) : nullptr;
  }
  std::unique_ptr<PgSession> session() {
    auto opened = PgSession::open({postgresql_url(), {}});
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  // Ends every connection of ours but this one, as a restart of the server does.
  void cut() {
    ASSERT_TRUE(session()->command("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                                   "pg_backend_pid() AND application_name = 'alknet-stored'"));
  }
  static Work put(const std::string& name) {
    return [name](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute(insert, {name}));
      return {};
    };
  }

  ServerPlace place_;
};
// Nowhere without a server.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Postgresql);
INSTANTIATE_TEST_SUITE_P(Server, Postgresql, testing::ValuesIn(postgresql_servers()));

// Both count what they see and add one: run side by side they would end at the same number.
TEST_P(Postgresql, HeadsWriteOneAfterTheOther) {
  auto engine = head();
  ASSERT_TRUE(open(*engine));
  auto add = [&] {
    auto own = head();
    auto connection = open(*own);
    for (int i = 0; i < 25; ++i)
      EXPECT_TRUE(connection->transact(Access::Write, [](Transaction& tables) -> Result<void> {
        ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'stream'"));
        ALK_TRY_VOID(
            tables.execute("UPDATE counters SET value = ?1 WHERE name = 'stream'", {row->integer(0) + 1}));
        return {};
      }));
  };
  std::thread first(add), second(add);
  first.join();
  second.join();
  std::int64_t value = 0;
  EXPECT_TRUE(open(*engine, Access::Read)->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'stream'"));
    value = row->integer(0);
    return {};
  }));
  EXPECT_EQ(value, 50);
}

// Somebody who does not take our lock changes what a work has read.
TEST_P(Postgresql, AWorkThatLosesIsRunAgainAndThenBusy) {
  auto engine = head();
  auto connection = open(*engine);
  auto stranger = session();
  const std::string change =
      "UPDATE \"" + place_.prefix() + "\".counters SET value = value + 1 WHERE name = 'stream'";
  int runs = 0, disturbed = 1;
  bool stranger_changed = false;
  auto work = [&](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.find("SELECT value FROM counters WHERE name = 'stream'"));
    const bool disturb = ++runs <= disturbed;
    if (disturb) stranger_changed = stranger->command(change).has_value();
    ALK_TRY_VOID(tables.execute("UPDATE counters SET value = value + 1 WHERE name = 'stream'"));
    return {};
  };
  EXPECT_TRUE(connection->transact(Access::Write, work));
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(stranger_changed);
  runs = 0;
  const Work together[] = {put("beside"), work};
  for (const auto& answer : connection->transact_each(together)) EXPECT_TRUE(answer);
  EXPECT_EQ(runs, 2) << "in a transaction of its own";
  runs = 0;
  disturbed = 100;
  auto lost = connection->transact(Access::Write, work);
  EXPECT_EQ(runs, 1 + max_retries);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, Kind::Busy);
}

TEST_P(Postgresql, AConnectionThatWasCutIsMadeAgain) {
  auto engine = head();
  auto connection = open(*engine);
  ASSERT_TRUE(connection->transact(Access::Write, put("before")));
  cut();
  EXPECT_TRUE(connection->transact(Access::Write, put("after")));
  auto inside = connection->transact(Access::Write, [&](Transaction& tables) -> Result<void> {
    cut();
    ALK_TRY_VOID(tables.execute(insert, {"lost"}));
    return {};
  });
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().kind, Kind::Busy);
  EXPECT_TRUE(connection->transact(Access::Write, put("lost"))) << "was rolled back, and its lock is free";
}

TEST_P(Postgresql, NobodyGoesOnAfterAFailedStatement) {
  auto engine = head();
  auto connection = open(*engine);
  auto careless = [](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.execute(insert, {"a"}));
    EXPECT_FALSE(tables.execute(insert, {"a"}));
    return {};
  };
  auto done = connection->transact(Access::Write, careless);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, Kind::Broken);
  EXPECT_TRUE(connection->transact(Access::Write, put("a")));
}

TEST_P(Postgresql, TextIsOrderedByItsBytes) {
  auto engine = head();
  auto connection = open(*engine);
  for (const char* name : {"b", "B", "\xc3\xa9", "a"})
    ASSERT_TRUE(connection->transact(Access::Write, put(name)));
  std::string order;
  EXPECT_TRUE(connection->transact(Access::Read, [&](Transaction& tables) {
    return tables.each("SELECT name FROM stream_consumers ORDER BY name", {},
                       [&](const Row& row) -> Result<bool> {
                         order += row.text(0);
                         return true;
                       });
  }));
  EXPECT_EQ(order, "Bab\xc3\xa9");
}

TEST_P(Postgresql, OfANewerReleaseOrOfSomebodyElse) {
  auto engine = head();
  ASSERT_TRUE(open(*engine));
  const std::string version = '"' + place_.prefix() + "\".alknet_schema";
  ASSERT_TRUE(session()->command("UPDATE " + version + " SET version = 99"));
  for (Access access : {Access::Read, Access::Write})
    EXPECT_EQ(engine->open(Place::system(), access).error().kind, Kind::Unsupported);
  ASSERT_TRUE(session()->command("DROP TABLE " + version));
  EXPECT_EQ(engine->open(Place::system(), Access::Write).error().kind, Kind::Broken);
}

// The connection ends while the commit runs: nobody knows whether it took place.
TEST_P(Postgresql, WhatMayHaveBeenCommittedIsNotRunAgain) {
  auto engine = head();
  auto connection = open(*engine);
  const std::string place = '"' + place_.prefix() + '"';
  ASSERT_TRUE(session()->command(
      "CREATE FUNCTION " + place +
      ".die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); "
      "RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER die AFTER INSERT ON " +
      place + ".stream_consumers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION " + place +
      ".die()"));
  int runs = 0;
  auto counted = [&](const char* name) {
    return [&runs, work = put(name)](Transaction& tables) {
      ++runs;
      return work(tables);
    };
  };
  const Work works[] = {counted("a"), counted("b")};
  auto answers = connection->transact_each(works);
  EXPECT_EQ(runs, 2);
  ASSERT_EQ(answers.size(), 2U);
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Kind::Busy);
  }
  ASSERT_TRUE(session()->command("DROP TRIGGER die ON " + place + ".stream_consumers"));
  EXPECT_TRUE(connection->transact(Access::Write, put("a")));
}

// What a watch was told, in order: "system", a tenant's id, "all", "lost".
class Told {
 public:
  Watcher watcher() {
    return {[this](const std::optional<Place>& place) {
              add(!place ? "all" : place->is_system() ? "system" : place->id());
            },
            [this](const Error&) { add("lost"); }};
  }
  bool hears(const std::string& word) {
    std::unique_lock lock(mutex_);
    return heard_.wait_for(lock, std::chrono::seconds(20), [&] {
      while (!words_.empty()) {
        const std::string next = words_.front();
        words_.pop_front();
        if (next == word) return true;
      }
      return false;
    });
  }

 private:
  void add(const std::string& word) {
    std::lock_guard lock(mutex_);
    words_.push_back(word);
    heard_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable heard_;
  std::deque<std::string> words_;
};

TEST_P(Postgresql, AHeadHearsWhatAnotherCommits) {
  auto one = head(), other = std::move(*place_.engine());
  auto connection = open(*one);
  Told told;
  auto watch = other->watch(told.watcher());
  ASSERT_TRUE(told.hears("all"));
  ASSERT_TRUE(connection->transact(Access::Write, put("a")));
  EXPECT_TRUE(told.hears("system"));
  const std::string id = "11111111-1111-4111-8111-111111111111";
  ASSERT_TRUE(one->make_tenant(*Place::tenant(id)));
  ASSERT_TRUE((*one->open(*Place::tenant(id), Access::Write))->transact(Access::Write, put("a")));
  EXPECT_TRUE(told.hears(id));
  cut();
  EXPECT_TRUE(told.hears("lost"));
  EXPECT_TRUE(told.hears("all")) << "it is there again, and what was committed meanwhile is to be looked for";
  ASSERT_TRUE(connection->transact(Access::Write, put("b")));
  EXPECT_TRUE(told.hears("system"));
}

} // namespace
} // namespace alk::stored::postgresql_test
