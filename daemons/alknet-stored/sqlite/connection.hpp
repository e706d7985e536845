// One SQLite connection: one thread at a time, statements prepared once.
#pragma once

#include "alknet-stored/sql/connection.hpp"
#include "alknet-stored/sqlite/handles.hpp"

#include <map>
#include <string>

namespace alk::stored {

// Statements are constants of the program, some two hundred; more means that text is put together somewhere.
inline constexpr std::size_t max_prepared = 256;
// How long another process (a backup, the sqlite3 shell) may hold the writer's lock before we say Busy.
inline constexpr int busy_timeout_ms = 5000;
// What a transaction may take on a thread that others wait for, in instructions of SQLite: a row by its key
// takes some 40, and all of them some tenths of a millisecond.
inline constexpr int max_steps_at_once = 5000;
inline constexpr int steps_between_looks = 500;

struct SqliteOpening {
  std::string path; // absolute and free of symbolic links
  Access access = Access::Read;
  int cache_kib = 32 * 1024;
  const char* vfs = nullptr; // for the tests of power cuts
  bool at_once = false;      // for reading: never waits, as Engine::open_at_once() says
};

class SqliteConnection final : public Connection, private Transaction {
 public:
  // Opens an existing file, confined and set up as sqlite/settings.cpp says. Errors: Busy, Broken.
  static Result<std::unique_ptr<SqliteConnection>> open(const SqliteOpening& opening);
  ~SqliteConnection() override;

  sqlite3* raw() { return database_.get(); }

  // A statement for its effect, outside of any transaction of ours and without the cache.
  Result<void> command(const char* sql);
  Result<std::int64_t> pragma(const char* sql); // its first column as a number

 protected:
  Result<void> begin(Access access) override;
  Result<void> commit() override;
  void rollback() override;
  bool in_transaction() const override;
  Transaction& statements() override { return *this; }
  Result<std::uint64_t> run(std::string_view sql, const Values& values, const RowVisitor* row) override;

 private:
  SqliteConnection(SqliteHandle database, Access access, bool at_once)
      : database_(std::move(database)), access_(access), at_once_(at_once) {}
  void limit_steps();
  static int look(void* self);
  // Taken out of the cache while it runs: a visitor may run the same one.
  Result<SqliteStatement> take_statement(std::string_view sql);
  void keep_statement(SqliteStatement statement);
  Result<void> step(sqlite3_stmt* statement, std::string_view sql, const RowVisitor* row);

  SqliteHandle database_;
  const Access access_;
  const bool at_once_;
  int looks_left_ = 0;
  // Keys are the statements' own texts. After database_: finalised before it closes.
  std::multimap<std::string, SqliteStatement, std::less<>> prepared_;
};

// The pragmas and limits of every connection. Errors: Broken (WAL refused, for one), Busy.
Result<void> configure(SqliteConnection& connection, const SqliteOpening& opening);

} // namespace alk::stored
