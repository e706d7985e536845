#include "alknet-stored/sql/fault.hpp"
#include "alknet-stored/sqlite/handles.hpp"

#include <cerrno>

namespace alk::stored {

namespace {

bool out_of_space(sqlite3* database, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if ((code & 0xff) != SQLITE_IOERR || database == nullptr) return false;
  const int number = sqlite3_system_errno(database); // growing the -shm file fails so
  return number == ENOSPC || number == EDQUOT;
}

Failure constraint_failure(int code, Where at) {
  switch (code) {
  case SQLITE_CONSTRAINT_UNIQUE:
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_ROWID: return fail(Kind::Conflict, "it exists already", at);
  case SQLITE_CONSTRAINT_TRIGGER: // what ON DELETE RESTRICT fails with
  case SQLITE_CONSTRAINT_FOREIGNKEY:
    return fail(Kind::Conflict, "what it refers to does not exist, or something still refers to it", at);
  default: return fail(Kind::Invalid, "a value that the tables do not allow", at);
  }
}

} // namespace

Failure sqlite_failure(sqlite3* database, int code, std::string_view doing, Where at) {
  if (database != nullptr && sqlite3_extended_errcode(database) != SQLITE_OK &&
      (sqlite3_extended_errcode(database) & 0xff) == (code & 0xff))
    code = sqlite3_extended_errcode(database);
  if (out_of_space(database, code)) return fail(Kind::Busy, std::string(storage_full), at);
  const std::string text = std::string(doing) + ": " +
                           (database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code)) + " (" +
                           std::to_string(code) + ")";
  switch (code & 0xff) {
  case SQLITE_CONSTRAINT: return constraint_failure(code, at);
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return fail(Kind::Busy, "another writer is at work", at);
  case SQLITE_INTERRUPT: return fail(Kind::Busy, "interrupted", at);
  case SQLITE_TOOBIG: return fail(Kind::Invalid, "a value is too long", at);
  case SQLITE_CORRUPT: return fail(Kind::Broken, std::string(damaged) + ": " + text, at);
  case SQLITE_NOTADB:
    return fail(Kind::Broken, std::string(damaged) + ", the file is no database: " + text, at);
  default: return fail(Kind::Broken, text, at);
  }
}

} // namespace alk::stored
