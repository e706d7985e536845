// Tests of nouns run on every engine of ours: derive from EngineTest and name the suite in ON_EVERY_ENGINE.
#pragma once

#include "alknet-stored/postgresql/engine.hpp"
#include "alknet-stored/postgresql/session.hpp"
#include "alknet-stored/sqlite/engine.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::stored {

class StorageDirectory {
 public:
  StorageDirectory() {
    // In memory where there is one: what is tested is not the disk, whose patience a sync costs.
    const bool memory = ::access("/dev/shm", W_OK) == 0;
    std::string pattern =
        ((memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) /
         "alknet-stored-XXXXXX")
            .string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~StorageDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A database of PostgreSQL that tests may use, as a URL; else they run on SQLite alone. tests/integration/
// stored_postgresql_test.py starts a server and sets it.
inline const char* postgresql_url() {
  return std::getenv("ALKNET_TEST_POSTGRESQL");
}

inline std::vector<const char*> postgresql_servers() {
  if (postgresql_url() == nullptr) return {};
  return {postgresql_url()};
}

inline std::vector<const char*> engines() {
  if (postgresql_url() == nullptr) return {"sqlite"};
  return {"sqlite", "postgresql"};
}

// Schemas that nobody else has; they are dropped at the end.
class ServerPlace {
 public:
  ServerPlace() {
    static std::atomic<int> number{0};
    prefix_ = "t" + std::to_string(::getpid()) + "_" + std::to_string(++number);
  }
  ~ServerPlace() {
    auto session = PgSession::open({postgresql_url(), {}});
    if (!session) return;
    (void)(*session)->command(
        "DO $$ DECLARE s text; BEGIN FOR s IN SELECT nspname FROM pg_namespace WHERE nspname = '" + prefix_ +
        "' OR nspname LIKE '" + prefix_ +
        "-%' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$");
  }
  Result<std::unique_ptr<Engine>> engine() const {
    return make_postgresql_engine({postgresql_url(), {}, prefix_});
  }
  const std::string& prefix() const { return prefix_; }

 private:
  std::string prefix_;
};

class EngineTest : public testing::TestWithParam<const char*> {
 protected:
  EngineTest() {
    const bool server = std::string_view(GetParam()) == "postgresql";
    if (server) place_.emplace();
    auto made = server ? place_->engine() : make_sqlite_engine(directory_.path());
    if (!made) std::abort();
    engine_ = std::move(*made);
    auto opened = engine_->open(Place::system(), Access::Write);
    if (!opened) {
      std::cerr << opened.error().describe() << '\n';
      std::abort();
    }
    system_ = std::move(*opened);
  }

  // One transaction on the system's database.
  Result<void> write(const Work& work) { return system_->transact(Access::Write, work); }
  // The same with a result.
  template <class T, class Do>
  Result<T> in(Do work) {
    std::optional<T> answer;
    auto done = write([&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto value, work(tables));
      answer = std::move(value);
      return {};
    });
    if (!done) return pass(std::move(done).error());
    return std::move(*answer);
  }
  Result<void> execute(std::string_view sql, const Values& values = {}) {
    return write([&](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute(sql, values));
      return {};
    });
  }
  // The first column of the first row, "-" when there is none.
  std::string text(std::string_view sql, const Values& values = {}) {
    std::string answer = "-";
    auto done = system_->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto row, tables.find(sql, values));
      if (row) answer = row->text(0);
      return {};
    });
    return done ? answer : "error: " + done.error().what;
  }
  std::int64_t number(std::string_view sql, const Values& values = {}) {
    std::int64_t answer = -1;
    auto done = system_->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto row, tables.find(sql, values));
      if (row) answer = row->integer(0);
      return {};
    });
    return done ? answer : -2;
  }

  StorageDirectory directory_;
  std::optional<ServerPlace> place_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Connection> system_;
};

#define ON_EVERY_ENGINE(suite)                                                                               \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::ValuesIn(engines()),                                     \
                           [](const auto& tested) { return std::string(tested.param); })

} // namespace alk::stored
