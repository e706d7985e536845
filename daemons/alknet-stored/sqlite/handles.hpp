// Owners of SQLite's objects, what its codes mean to us, and what a connection is opened with.
#pragma once

#include "base/handle.hpp"
#include "base/result.hpp"

#include <sqlite3.h>

namespace alk::stored {

using SqliteHandle = Handle<sqlite3, sqlite3_close_v2>;
using SqliteStatement = Handle<sqlite3_stmt, sqlite3_finalize>;

// The last error of `database` as ours (kinds as in sql/transaction.hpp). `doing` is for the log alone.
Failure sqlite_failure(sqlite3* database, int code, std::string_view doing, Where at = Where::here());

} // namespace alk::stored
