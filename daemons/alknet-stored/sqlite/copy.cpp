#include "alknet-stored/sqlite/copy.hpp"

#include "alknet-stored/sql/engine.hpp"
#include "base/text.hpp"

namespace alk::stored {

namespace {

// Instructions of SQLite between two looks at whether to go on: some milliseconds.
constexpr int instructions_per_look = 100'000;
constexpr std::size_t max_finding = 500; // bytes of one

using SqliteBackup = Handle<sqlite3_backup, sqlite3_backup_finish>;

// Nothing of the copy is needed after a crash, so nothing is synced.
Result<SqliteHandle> open_target(const std::string& path, const char* vfs) {
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, vfs);
  SqliteHandle target(raw);
  if (code != SQLITE_OK) return sqlite_failure(raw, code, "opening " + path);
  for (const char* pragma : {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF"})
    if (const int set = sqlite3_exec(raw, pragma, nullptr, nullptr, nullptr); set != SQLITE_OK)
      return sqlite_failure(raw, set, pragma);
  return target;
}

Result<void> copy_pages(sqlite3* target, sqlite3* source, Progress& progress) {
  SqliteBackup backup(sqlite3_backup_init(target, "main", source, "main"));
  if (!backup) return sqlite_failure(target, sqlite3_errcode(target), "beginning a copy");
  for (;;) {
    const int code = sqlite3_backup_step(backup.get(), pages_per_step);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_OK) return sqlite_failure(target, code, "copying");
    const int total = sqlite3_backup_pagecount(backup.get());
    const int left = sqlite3_backup_remaining(backup.get());
    ALK_TRY_VOID(progress.tell(static_cast<std::uint64_t>(total - left), static_cast<std::uint64_t>(total)));
  }
  const int code = sqlite3_backup_finish(backup.release());
  if (code != SQLITE_OK) return sqlite_failure(target, code, "finishing a copy");
  return {};
}

// Lets go of the connection when the looking ends.
class Look {
 public:
  Look(sqlite3* database, Progress& progress) : database_(database), progress_(progress) {
    progress_.breakable([database] { sqlite3_interrupt(database); });
    sqlite3_progress_handler(database, instructions_per_look, &Look::go_on, this);
  }
  ~Look() {
    progress_.breakable(nullptr);
    sqlite3_progress_handler(database_, 0, nullptr, nullptr);
  }
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

  Result<void> told;

 private:
  static int go_on(void* self) noexcept {
    auto* look = static_cast<Look*>(self);
    look->told = look->progress_.tell(0, 0);
    return look->told ? 0 : 1;
  }

  sqlite3* database_;
  Progress& progress_;
};

bool is_damage(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

void note(std::vector<std::string>& findings, std::string_view text) {
  for (std::string_view line : split(text, '\n'))
    if (findings.size() < max_findings && !trim(line).empty())
      findings.emplace_back(trim(line).substr(0, max_finding));
}

std::string column_text(sqlite3_stmt* statement, int index) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
  return text != nullptr ? text : "";
}

using ToFinding = std::string (*)(sqlite3_stmt* row);

// Every row of a check is a finding. What cannot even be read is one, too.
Result<void> run_check(sqlite3* database, const char* sql, ToFinding finding,
                       std::vector<std::string>& findings) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(database, sql, -1, &raw, nullptr);
  SqliteStatement statement(raw);
  if (code == SQLITE_OK)
    while ((code = sqlite3_step(raw)) == SQLITE_ROW && findings.size() < max_findings)
      note(findings, finding(raw));
  if (code == SQLITE_DONE || code == SQLITE_ROW) return {};
  if (!is_damage(code)) return sqlite_failure(database, code, sql);
  note(findings, sqlite3_errmsg(database));
  return {};
}

std::string integrity_finding(sqlite3_stmt* row) {
  std::string text = column_text(row, 0);
  return text == "ok" ? "" : text;
}

std::string reference_finding(sqlite3_stmt* row) {
  return "a row of " + column_text(row, 0) + " refers to one of " + column_text(row, 2) +
         " that is not there";
}

} // namespace

Result<void> copy_database(const SqliteOpening& opening, const std::string& path, Progress& progress) {
  ALK_TRY(auto source, SqliteConnection::open(opening));
  ALK_TRY_VOID(source->command("BEGIN DEFERRED"));
  ALK_TRY_VOID(source->pragma("SELECT count(*) FROM sqlite_schema")); // from here on, one view
  ALK_TRY(const SqliteHandle target, open_target(path, opening.vfs));
  return copy_pages(target.get(), source->raw(), progress);
}

Result<std::vector<std::string>> inspect_database(const SqliteOpening& opening, Progress& progress) {
  std::vector<std::string> findings;
  auto opened = SqliteConnection::open(opening);
  if (!opened && opened.error().kind != Kind::Broken) return pass(std::move(opened).error());
  if (!opened) {
    note(findings, "it cannot be opened: " + opened.error().what);
    return findings;
  }
  sqlite3* database = (*opened)->raw();
  Look look(database, progress);
  Result<void> checked = run_check(database, "PRAGMA integrity_check(100)", integrity_finding, findings);
  if (checked) checked = run_check(database, "PRAGMA foreign_key_check", reference_finding, findings);
  if (!look.told) return pass(std::move(look.told).error());
  if (!checked) return pass(std::move(checked).error());
  return findings;
}

} // namespace alk::stored
