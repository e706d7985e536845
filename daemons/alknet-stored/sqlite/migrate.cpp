#include "alknet-stored/sqlite/migrate.hpp"

namespace alk::stored {

namespace {

// A file's version. A fresh one has none; one that holds tables must be ours.
Result<std::size_t> version_of(SqliteConnection& connection, std::span<const Migration> schema) {
  ALK_TRY(const std::int64_t owner, connection.pragma("PRAGMA application_id"));
  ALK_TRY(const std::int64_t version, connection.pragma("PRAGMA user_version"));
  ALK_TRY(const std::int64_t tables, connection.pragma("SELECT count(*) FROM sqlite_schema"));
  const bool fresh = owner == 0 && version == 0 && tables == 0;
  if (!fresh && owner != application_id) return fail(Kind::Broken, "the database is not one of alknet");
  if (version < 0) return fail(Kind::Broken, "the database has no version");
  const auto number = static_cast<std::size_t>(version);
  if (number > schema.size())
    return fail(Kind::Unsupported, "the database has tables of version " + std::to_string(number) +
                                       ", this program knows " + std::to_string(schema.size()) +
                                       ": a newer release wrote it");
  return number;
}

std::string complete(std::string_view statement) {
  const bool table = statement.starts_with("CREATE TABLE");
  return std::string(statement) + (table ? " STRICT" : "");
}

} // namespace

Result<void> migrate(SqliteConnection& connection, std::span<const Migration> schema) {
  ALK_TRY(const std::size_t before, version_of(connection, schema));
  if (before == schema.size()) return {};
  return connection.transact(Access::Write, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(const std::size_t version, version_of(connection, schema)); // again, under the lock
    for (std::size_t i = version; i < schema.size(); ++i)
      for (std::string_view statement : schema[i]) ALK_TRY_VOID(tables.execute(complete(statement)));
    ALK_TRY_VOID(connection.command(("PRAGMA application_id = " + std::to_string(application_id)).c_str()));
    return connection.command(("PRAGMA user_version = " + std::to_string(schema.size())).c_str());
  });
}

Result<void> require_schema(SqliteConnection& connection, std::span<const Migration> schema) {
  ALK_TRY(const std::size_t version, version_of(connection, schema));
  if (version != schema.size()) return fail(Kind::Busy, "the database is not ready yet");
  return {};
}

} // namespace alk::stored
