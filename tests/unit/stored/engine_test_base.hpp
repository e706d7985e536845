// Tests of nouns run on every engine of ours: derive from EngineTest and name the suite in ON_EVERY_ENGINE.
#pragma once

#include "alknet-stored/sqlite/engine.hpp"

#include <cstdlib>
#include <filesystem>
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

// "sqlite" today.
class EngineTest : public testing::TestWithParam<const char*> {
 protected:
  EngineTest() {
    auto made = make_sqlite_engine(directory_.path());
    if (!made) std::abort();
    engine_ = std::move(*made);
    auto opened = engine_->open(Place::system(), Access::Write);
    if (!opened) std::abort();
    system_ = std::move(*opened);
  }

  // One transaction on the system's database.
  Result<void> write(const Work& work) { return system_->transact(Access::Write, work); }
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
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Connection> system_;
};

#define ON_EVERY_ENGINE(suite)                                                                               \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::Values("sqlite"),                                        \
                           [](const auto& tested) { return std::string(tested.param); })

} // namespace alk::stored
