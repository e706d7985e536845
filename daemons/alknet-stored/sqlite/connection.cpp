#include "alknet-stored/sqlite/connection.hpp"

#include "alknet-stored/sqlite/no_wait.hpp"

namespace alk::stored {

namespace {

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const std::int64_t* number = value.integer()) return sqlite3_bind_int64(statement, index, *number);
  const std::string* text = value.text();
  if (text == nullptr) return sqlite3_bind_null(statement, index);
  // The values outlive the run, and the bindings are cleared after it.
  return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
}

Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
  case SQLITE_INTEGER: return sqlite3_column_int64(statement, index);
  case SQLITE_NULL: return {};
  default: break;
  }
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  return text != nullptr ? Value(std::string(text, size)) : Value();
}

Row read_row(sqlite3_stmt* statement) {
  std::vector<Value> columns(static_cast<std::size_t>(sqlite3_column_count(statement)));
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = column(statement, static_cast<int>(i));
  return Row(std::move(columns));
}

Result<SqliteStatement> prepare(sqlite3* database, std::string_view sql, unsigned flags) {
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), flags, &raw, &rest);
  SqliteStatement statement(raw);
  if (code != SQLITE_OK) return sqlite_failure(database, code, sql);
  if (!statement || rest != sql.data() + sql.size())
    return fail(Kind::Broken, "not one statement: " + std::string(sql));
  return statement;
}

} // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const SqliteOpening& opening) {
  sqlite3* raw = nullptr;
  // Readers of a WAL need write access to its index, too: what keeps them from writing is query_only.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(opening.path.c_str(), &raw, flags, opening.vfs);
  SqliteHandle database(raw);
  if (code != SQLITE_OK) return sqlite_failure(raw, code, "opening " + opening.path);
  std::unique_ptr<SqliteConnection> connection(
      new SqliteConnection(std::move(database), opening.access, opening.at_once));
  if (auto configured = configure(*connection, opening); !configured)
    return pass(std::move(configured).error(), opening.path);
  if (opening.at_once) connection->limit_steps();
  return connection;
}

void SqliteConnection::limit_steps() {
  sqlite3_busy_timeout(database_.get(), 0);
  sqlite3_progress_handler(database_.get(), steps_between_looks, look, this);
}

// SQLite counts a statement's instructions over all of its runs, so that a look may come early, once.
int SqliteConnection::look(void* self) {
  return --static_cast<SqliteConnection*>(self)->looks_left_ < 0 ? 1 : 0;
}

SqliteConnection::~SqliteConnection() {
  rollback();
}

Result<void> SqliteConnection::command(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_failure(database_.get(), code, sql);
  return {};
}

Result<std::int64_t> SqliteConnection::pragma(const char* sql) {
  ALK_TRY(SqliteStatement statement, prepare(database_.get(), sql, 0));
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW) return sqlite_failure(database_.get(), code, sql);
  return sqlite3_column_int64(statement.get(), 0);
}

Result<void> SqliteConnection::begin(Access access) {
  if (access == Access::Write && access_ == Access::Read)
    return fail(Kind::Broken, "a connection for reading was asked to write");
  looks_left_ = max_steps_at_once / steps_between_looks;
  ALK_TRY_VOID(run(access == Access::Write ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED", {}, nullptr));
  return {};
}

Result<void> SqliteConnection::commit() {
  ALK_TRY_VOID(run("COMMIT", {}, nullptr));
  return {};
}

void SqliteConnection::rollback() {
  if (in_transaction()) (void)command("ROLLBACK");
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

Result<SqliteStatement> SqliteConnection::take_statement(std::string_view sql) {
  if (auto found = prepared_.find(sql); found != prepared_.end()) {
    SqliteStatement statement = std::move(found->second);
    prepared_.erase(found);
    return statement;
  }
  return prepare(database_.get(), sql, SQLITE_PREPARE_PERSISTENT);
}

void SqliteConnection::keep_statement(SqliteStatement statement) {
  sqlite3_reset(statement.get()); // its code is the one that step() has seen
  sqlite3_clear_bindings(statement.get());
  if (prepared_.size() >= max_prepared) prepared_.clear();
  std::string sql = sqlite3_sql(statement.get());
  prepared_.emplace(std::move(sql), std::move(statement));
}

Result<void> SqliteConnection::step(sqlite3_stmt* statement, std::string_view sql, const RowVisitor* row) {
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return sqlite_failure(database_.get(), code, sql);
    if (row == nullptr) continue;
    ALK_TRY(const bool more, (*row)(read_row(statement)));
    if (!more) return {};
  }
}

Result<std::uint64_t> SqliteConnection::run(std::string_view sql, const Values& values,
                                            const RowVisitor* row) {
  const NoWait no_wait(at_once_);
  ALK_TRY(SqliteStatement statement, take_statement(sql));
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement.get())) != values.size())
    return fail(Kind::Broken, "wrong number of values: " + std::string(sql));
  for (std::size_t i = 0; i < values.size(); ++i)
    if (const int code = bind(statement.get(), static_cast<int>(i + 1), values[i]); code != SQLITE_OK)
      return sqlite_failure(database_.get(), code, sql);
  const std::int64_t before = sqlite3_total_changes64(database_.get());
  Result<void> done = step(statement.get(), sql, row);
  const bool changed = sqlite3_total_changes64(database_.get()) != before;
  const std::int64_t changes = changed ? sqlite3_changes64(database_.get()) : 0;
  keep_statement(std::move(statement));
  if (!done) return pass(std::move(done).error());
  return static_cast<std::uint64_t>(changes);
}

} // namespace alk::stored
