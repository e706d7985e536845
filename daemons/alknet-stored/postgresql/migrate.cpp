#include "alknet-stored/postgresql/migrate.hpp"

#include "alknet-stored/postgresql/dialect.hpp"

namespace alk::stored {

namespace {

// Where the version stands; it also says that the schema is ours.
constexpr const char* make_version = "CREATE TABLE alknet_schema (version BIGINT NOT NULL)";

Result<void> require_there(Transaction& tables, const std::string& name) {
  ALK_TRY(const bool there, schema_exists(tables, name));
  if (!there) return fail(Kind::NotFound, "no such storage");
  return {};
}

Result<std::size_t> version_of(Transaction& tables, std::size_t known) {
  ALK_TRY(auto ours, tables.find("SELECT to_regclass('alknet_schema') IS NOT NULL"));
  if (!ours || !ours->truth(0)) return fail(Kind::Broken, "the schema is not one of alknet");
  ALK_TRY(auto row, tables.find("SELECT version FROM alknet_schema"));
  if (!row || row->integer(0) < 0) return fail(Kind::Broken, "the database has no version");
  const auto version = static_cast<std::size_t>(row->integer(0));
  if (version > known)
    return fail(Kind::Unsupported, "the database has tables of version " + std::to_string(version) +
                                       ", this program knows " + std::to_string(known) +
                                       ": a newer release wrote it");
  return version;
}

Result<void> bring_up(Transaction& tables, std::size_t version, std::span<const Migration> migrations) {
  for (std::size_t i = version; i < migrations.size(); ++i)
    for (std::string_view statement : migrations[i]) ALK_TRY_VOID(tables.execute(pg_definition(statement)));
  ALK_TRY_VOID(tables.execute("UPDATE alknet_schema SET version = ?1",
                              {static_cast<std::int64_t>(migrations.size())}));
  return {};
}

} // namespace

Result<void> about_schemas(PgSessions& sessions, const std::string& system, const Work& work) {
  return PgConnection(sessions, system, Access::Write).transact(Access::Write, work);
}

Result<bool> schema_exists(Transaction& tables, const std::string& name) {
  ALK_TRY(auto row, tables.find("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?1", {name}));
  return row.has_value();
}

Result<void> make_schema(Transaction& tables, const std::string& name,
                         std::span<const Migration> migrations) {
  const std::string quoted = '"' + name + '"';
  ALK_TRY_VOID(tables.execute("CREATE SCHEMA " + quoted));
  ALK_TRY_VOID(tables.execute("SET LOCAL search_path TO " + quoted));
  ALK_TRY_VOID(tables.execute(make_version));
  ALK_TRY_VOID(tables.execute("INSERT INTO alknet_schema (version) VALUES (0)"));
  return bring_up(tables, 0, migrations);
}

Result<void> rename_schema(Transaction& tables, const std::string& from, const std::string& to) {
  ALK_TRY_VOID(require_there(tables, from));
  ALK_TRY_VOID(tables.execute("ALTER SCHEMA \"" + from + "\" RENAME TO \"" + to + '"'));
  return {};
}

Result<void> drop_schema(Transaction& tables, const std::string& name) {
  ALK_TRY_VOID(require_there(tables, name));
  ALK_TRY_VOID(tables.execute("DROP SCHEMA \"" + name + "\" CASCADE"));
  return {};
}

Result<void> migrate(PgConnection& connection, std::span<const Migration> migrations) {
  return connection.transact(Access::Write, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(const std::size_t version, version_of(tables, migrations.size()));
    if (version == migrations.size()) return {};
    return bring_up(tables, version, migrations);
  });
}

Result<void> require_schema(PgConnection& connection, std::span<const Migration> migrations) {
  return connection.transact(Access::Read, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(const std::size_t version, version_of(tables, migrations.size()));
    if (version != migrations.size()) return fail(Kind::Busy, "the database is not ready yet");
    return {};
  });
}

} // namespace alk::stored
