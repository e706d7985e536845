// What is SQLite's own: files, settings, versions, damage.
#include "alknet-stored/sqlite/connection.hpp"
#include "alknet-stored/sqlite/migrate.hpp"
#include "engine_test_base.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::stored::sqlite_test {
namespace {

using testing::HasSubstr;

constexpr const char* tenant_id = "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52";

class Sqlite : public testing::Test {
 protected:
  Sqlite() : engine_(std::move(*make_sqlite_engine(directory_.path()))) {}

  Result<std::unique_ptr<Connection>> open(Access access = Access::Write) {
    return engine_->open(Place::system(), access);
  }
  std::unique_ptr<SqliteConnection> raw(Access access = Access::Write) {
    EXPECT_TRUE(open());
    auto connection = SqliteConnection::open({directory_.file("system.db"), access});
    EXPECT_TRUE(connection);
    return std::move(*connection);
  }
  std::string content(const std::string& name) {
    std::ifstream in(directory_.file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  StorageDirectory directory_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(Sqlite, ConnectionsAreSetUp) {
  auto connection = raw();
  EXPECT_EQ(connection->pragma("PRAGMA synchronous"), 2);
  EXPECT_EQ(connection->pragma("PRAGMA foreign_keys"), 1);
  EXPECT_EQ(connection->pragma("PRAGMA trusted_schema"), 0);
  EXPECT_EQ(connection->pragma("PRAGMA cache_size"), -32 * 1024);
  EXPECT_EQ(connection->pragma("PRAGMA wal_autocheckpoint"), 10000);
  EXPECT_EQ(connection->pragma("PRAGMA application_id"), application_id);
  EXPECT_EQ(connection->pragma("PRAGMA busy_timeout"), busy_timeout_ms);
  EXPECT_EQ(connection->pragma("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
  // DEFENSIVE: the schema is no table to write to.
  EXPECT_TRUE(connection->command("PRAGMA writable_schema = ON"));
  EXPECT_FALSE(connection->command("DELETE FROM sqlite_schema"));
  EXPECT_FALSE(connection->command("SELECT load_extension('x')"));
  EXPECT_FALSE(connection->command("ATTACH ':memory:' AS other"));
  EXPECT_EQ(sqlite3_limit(connection->raw(), SQLITE_LIMIT_ATTACHED, -1), 0);
}

TEST_F(Sqlite, EveryTableIsStrict) {
  auto connection = raw();
  EXPECT_EQ(connection->pragma("SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND "
                               "name NOT LIKE 'sqlite_%' AND strict = 0"),
            0);
  EXPECT_GE(*connection->pragma("SELECT count(*) FROM pragma_table_list WHERE strict = 1"), 15);
}

TEST_F(Sqlite, EveryReferenceHasAnIndex) {
  auto connection = raw();
  // Else each deletion would read a whole table.
  EXPECT_EQ(connection->pragma(
                "SELECT count(*) FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f WHERE "
                "f.seq = 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) AS i, "
                "pragma_index_info(i.name) AS c WHERE c.seqno = 0 AND c.name = f.\"from\")"),
            0);
}

TEST_F(Sqlite, FilesAreTheOwnersAlone) {
  auto connection = open();
  ASSERT_TRUE(connection);
  for (const char* name : {"system.db", "system.db-wal"}) {
    struct stat facts {};
    ASSERT_EQ(::stat(directory_.file(name).c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(Sqlite, FollowsNoLink) {
  ASSERT_TRUE(open());
  const std::string elsewhere = directory_.file("elsewhere.db");
  ASSERT_EQ(::rename(directory_.file("system.db").c_str(), elsewhere.c_str()), 0);
  ASSERT_EQ(::symlink(elsewhere.c_str(), directory_.file("system.db").c_str()), 0);
  EXPECT_EQ(open().error().kind, Kind::Broken);
  EXPECT_FALSE(SqliteConnection::open({directory_.file("system.db"), Access::Write}));
  ASSERT_EQ(::unlink(directory_.file("system.db").c_str()), 0);
  ASSERT_EQ(::link(elsewhere.c_str(), directory_.file("system.db").c_str()), 0);
  EXPECT_EQ(open().error().kind, Kind::Broken); // two names: who else writes to it?
}

TEST_F(Sqlite, ADirectoryOrAFifoIsNoDatabase) {
  ASSERT_EQ(::mkdir(directory_.file("system.db").c_str(), 0700), 0);
  EXPECT_EQ(open().error().kind, Kind::Broken);
  ASSERT_EQ(::rmdir(directory_.file("system.db").c_str()), 0);
  ASSERT_EQ(::mkfifo(directory_.file("system.db").c_str(), 0600), 0);
  EXPECT_EQ(open().error().kind, Kind::Broken);
}

TEST_F(Sqlite, RefusesANewerVersion) {
  ASSERT_TRUE(raw()->command("PRAGMA user_version = 99"));
  const std::string before = content("system.db");
  for (Access access : {Access::Write, Access::Read}) {
    auto refused = open(access);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::Unsupported);
    EXPECT_THAT(refused.error().what, HasSubstr("version 99"));
  }
  EXPECT_EQ(content("system.db"), before);
}

TEST_F(Sqlite, RefusesAForeignDatabase) {
  ASSERT_TRUE(raw()->command("PRAGMA application_id = 7"));
  EXPECT_EQ(open().error().kind, Kind::Broken);
}

TEST_F(Sqlite, MigrationsBuildOnEachOther) {
  const std::vector<Migration> first = {{"CREATE TABLE a (x TEXT NOT NULL)"}};
  std::vector<Migration> second = first;
  second.push_back({"CREATE TABLE b (y TEXT NOT NULL)", "INSERT INTO b (y) VALUES ('made')"});
  std::ofstream(directory_.file("own.db")).close();
  auto connection = SqliteConnection::open({directory_.file("own.db"), Access::Write});
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(**connection, first));
  ASSERT_TRUE((*connection)->command("INSERT INTO a (x) VALUES ('kept')"));
  EXPECT_EQ(require_schema(**connection, second).error().kind, Kind::Busy);
  second[1].push_back("CREATE TABLE broken");
  EXPECT_FALSE(migrate(**connection, second));
  EXPECT_EQ((*connection)->pragma("PRAGMA user_version"), 1); // all of a step or nothing
  EXPECT_EQ((*connection)->pragma("SELECT count(*) FROM pragma_table_list WHERE name = 'b'"), 0);
  second[1].pop_back();
  ASSERT_TRUE(migrate(**connection, second));
  ASSERT_TRUE(migrate(**connection, second));
  EXPECT_EQ((*connection)->pragma("SELECT count(*) FROM a, b"), 1);
  EXPECT_EQ(migrate(**connection, first).error().kind, Kind::Unsupported);
}

TEST_F(Sqlite, DamageIsNamedAndLeftAlone) {
  ASSERT_TRUE(open());
  {
    std::ofstream out(directory_.file("system.db"), std::ios::binary | std::ios::trunc);
    out << std::string(8192, 'x');
  }
  auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::Broken);
  EXPECT_EQ(content("system.db"), std::string(8192, 'x'));
}

TEST_F(Sqlite, AnotherWritersLockIsBusy) {
  auto connection = raw();
  auto other = raw();
  sqlite3_busy_timeout(other->raw(), 1);
  ASSERT_TRUE(connection->command("BEGIN IMMEDIATE"));
  auto refused = other->transact(Access::Write, [](Transaction&) -> Result<void> { return {}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::Busy);
}

TEST_F(Sqlite, AFullDiskIsBusyAndLosesNothing) {
  auto connection = raw();
  constexpr const char* insert = "INSERT INTO stream_consumers (name, topic, position) VALUES (?1, 't', 1)";
  auto put = [](std::string name) {
    return [name](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute(insert, {name}));
      return {};
    };
  };
  ASSERT_TRUE(connection->transact(Access::Write, put("before")));
  const auto pages = connection->pragma("PRAGMA page_count");
  ASSERT_TRUE(connection->command(("PRAGMA max_page_count = " + std::to_string(*pages)).c_str()));
  const std::vector<Work> works = {put("small"), put(std::string(100'000, 'x')), put("after")};
  auto answers = connection->transact_each(works);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[0]); // SQLite took everybody's work back; each was then done alone
  ASSERT_FALSE(answers[1]);
  EXPECT_EQ(answers[1].error().kind, Kind::Busy);
  EXPECT_EQ(answers[1].error().what, "storage full");
  EXPECT_TRUE(answers[2]);
  EXPECT_EQ(connection->pragma("SELECT count(*) FROM stream_consumers"), 3);
  EXPECT_EQ(connection->pragma("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
            1);
}

TEST_F(Sqlite, ALogLeftBehindIsTakenInBeforeRetirement) {
  auto place = *Place::tenant(tenant_id);
  ASSERT_TRUE(engine_->make_tenant(place));
  const std::string name = std::string("tenant-") + tenant_id + ".db";
  {
    auto tenant = engine_->open(place, Access::Write);
    ASSERT_TRUE((*tenant)->transact(Access::Write, [](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute("UPDATE counters SET value = 7"));
      return {};
    }));
    EXPECT_EQ(engine_->retire_tenant(place).error().kind, Kind::Busy); // still open
    std::filesystem::copy(directory_.file(name), directory_.file("copy"));
    std::filesystem::copy(directory_.file(name + "-wal"), directory_.file("copy-wal"));
  }
  // As a crash leaves it.
  std::filesystem::rename(directory_.file("copy"), directory_.file(name));
  std::filesystem::rename(directory_.file("copy-wal"), directory_.file(name + "-wal"));
  ASSERT_TRUE(engine_->retire_tenant(place));
  const std::string retired = directory_.file(std::string("retired-") + tenant_id + ".db");
  auto kept = SqliteConnection::open({retired, Access::Write});
  ASSERT_TRUE(kept);
  EXPECT_EQ((*kept)->pragma("SELECT min(value) FROM counters"), 7);
}

class Partial : public Sqlite {
 protected:
  Partial() { EXPECT_TRUE(open()); }
  static std::string name(const char* id = tenant_id) { return std::string("partial-") + id + ".db"; }
  void write(const std::string& file) { std::ofstream(directory_.file(file)) << "x"; }
  bool there(const std::string& file) {
    return std::filesystem::exists(std::filesystem::symlink_status(directory_.file(file)));
  }
  static Result<bool> known(const Place&) { return true; }
  static Result<bool> unknown(const Place&) { return false; }

  const Place place = *Place::tenant(tenant_id);
};

// The moment between the system's commit and the new names: a database under its old one, its log beside it.
TEST_F(Partial, IsFinishedWhenTheSystemKnowsIt) {
  ASSERT_TRUE(engine_->make_tenant(place));
  const std::string tenant = std::string("tenant-") + tenant_id + ".db";
  {
    auto opened = engine_->open(place, Access::Write);
    ASSERT_TRUE((*opened)->transact(Access::Write, [](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute("UPDATE counters SET value = 7"));
      return {};
    }));
    for (const char* end : {"", "-wal"})
      std::filesystem::copy(directory_.file(tenant + end), directory_.file(name() + end));
  }
  std::filesystem::remove(directory_.file(tenant));
  for (Access access : {Access::Read, Access::Write})
    EXPECT_EQ(engine_->open(place, access).error().kind, Kind::Busy) << "or it would be made anew";
  EXPECT_EQ(engine_->make_tenant(place).error().kind, Kind::Conflict);
  ASSERT_TRUE(engine_->settle(known));
  EXPECT_FALSE(there(name()) || there(name() + "-wal"));
  auto kept = SqliteConnection::open({directory_.file(tenant), Access::Write});
  ASSERT_TRUE(kept);
  EXPECT_EQ((*kept)->pragma("SELECT min(value) FROM counters"), 7);
  kept->reset();
  write(name()); // of one that is there already
  ASSERT_TRUE(engine_->settle(known));
  EXPECT_FALSE(there(name()));
  EXPECT_TRUE(engine_->open(place, Access::Read));
}

TEST_F(Partial, OfATenantThatWasBeingMadeIsReadAtOnce) {
  std::ofstream(directory_.file(name())).close();
  ASSERT_TRUE(engine_->settle(known));
  EXPECT_TRUE(engine_->open(place, Access::Read));
}

TEST_F(Partial, NothingElseIsRemoved) {
  const std::string other = "11111111-1111-4111-8111-111111111111";
  const std::vector<std::string> strange = {"partial-.db",
                                            "partial-x.db",
                                            name() + ".old",
                                            "x" + name(),
                                            "partial-0B0E6D5E-90AA-4C39-8A3F-0A4F9C3F1D52.db",
                                            "partial-" + other,
                                            "partial.db",
                                            name() + "-walrus"};
  for (const std::string& one : strange) write(one);
  write("elsewhere");
  std::filesystem::create_symlink(directory_.file("elsewhere"), directory_.file(name(other.c_str())));
  const std::string second = name("22222222-2222-4222-8222-222222222222");
  std::filesystem::create_hard_link(directory_.file("elsewhere"), directory_.file(second));
  const std::string third = name("33333333-3333-4333-8333-333333333333");
  std::filesystem::create_directory(directory_.file(third));
  for (const char* end : {"", "-wal", "-shm"}) write(name() + end);
  ASSERT_TRUE(engine_->settle(unknown));
  for (const std::string& one : strange) EXPECT_TRUE(there(one)) << one;
  for (const std::string& one : {name(other.c_str()), second, third}) EXPECT_TRUE(there(one)) << one;
  EXPECT_EQ(content("elsewhere"), "x");
  for (const char* end : {"", "-wal", "-shm"}) EXPECT_FALSE(there(name() + end)) << end;
}

} // namespace
} // namespace alk::stored::sqlite_test
