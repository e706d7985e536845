#include "alknet-stored/sqlite/connection.hpp"

namespace alk::stored {

namespace {

struct Switch {
  int option;
  int value;
};

// What a statement, a schema or a damaged file must not be able to do.
constexpr Switch switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},             // no writing into the schema or shadow tables
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},        // a schema may not call functions with effects
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, // no code from files
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},        // we have none: a file that brings some does not run them
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},           // the same
    {SQLITE_DBCONFIG_DQS_DML, 0},               // "text" is a name, never a literal
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
};

constexpr Switch limits[] = {
    {SQLITE_LIMIT_LENGTH, 8 << 20},      // a row: several values of max_value
    {SQLITE_LIMIT_SQL_LENGTH, 64 << 10}, // our longest statement has some 2 KiB
    {SQLITE_LIMIT_COLUMN, 64},           // our widest table has 15
    {SQLITE_LIMIT_EXPR_DEPTH, 64},       // ours stay below 10
    {SQLITE_LIMIT_COMPOUND_SELECT, 8},   // ours stay below 4
    {SQLITE_LIMIT_FUNCTION_ARG, 8},      // coalesce and the like
    {SQLITE_LIMIT_ATTACHED, 0},          // one file is one connection's world
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 64}, // ?1 to ?64
    {SQLITE_LIMIT_TRIGGER_DEPTH, 16},   // cascades count as triggers; ours are 4 deep
    {SQLITE_LIMIT_WORKER_THREADS, 0},   // threads are ours to make
};

// synchronous=FULL: what was acknowledged survives a power cut. The checkpoint comes every 10,000 pages (some
// 40 MB of log), so that it is rare beside commits.
constexpr const char* pragmas[] = {
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA wal_autocheckpoint = 10000",
    "PRAGMA journal_size_limit = 67108864", // 64 MiB: what a burst leaves of the log is given back
};

Result<void> set_journal(SqliteConnection& connection) {
  sqlite3_stmt* raw = nullptr;
  const int prepared = sqlite3_prepare_v2(connection.raw(), "PRAGMA journal_mode = WAL", -1, &raw, nullptr);
  SqliteStatement statement(raw);
  const int stepped = prepared == SQLITE_OK ? sqlite3_step(raw) : prepared;
  if (stepped != SQLITE_ROW) return sqlite_failure(connection.raw(), stepped, "switching to WAL");
  const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
  if (mode == nullptr || std::string_view(mode) != "wal")
    return fail(Kind::Broken, "the database cannot be switched to WAL");
  return {};
}

} // namespace

Result<void> configure(SqliteConnection& connection, const SqliteOpening& opening) {
  sqlite3* database = connection.raw();
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  for (const Switch& one : switches) {
    int now = -1;
    if (sqlite3_db_config(database, one.option, one.value, &now) != SQLITE_OK || now != one.value)
      return fail(Kind::Broken, "SQLite refuses setting " + std::to_string(one.option));
  }
  for (const Switch& one : limits) sqlite3_limit(database, one.option, one.value);
  for (const char* pragma : pragmas) ALK_TRY_VOID(connection.command(pragma));
  const std::string cache = "PRAGMA cache_size = -" + std::to_string(opening.cache_kib);
  ALK_TRY_VOID(connection.command(cache.c_str()));
  ALK_TRY_VOID(set_journal(connection));
  if (opening.access == Access::Read) ALK_TRY_VOID(connection.command("PRAGMA query_only = ON"));
  return {};
}

} // namespace alk::stored
