// Schemas (PostgreSQL's) and the tables in them. Names need no escaping within double quotes.
#pragma once

#include "alknet-stored/postgresql/connection.hpp"
#include "alknet-stored/sql/schema.hpp"

namespace alk::stored {

// A transaction about schemas, not in one: under the lock of the system's, so that two heads do not make the
// same one.
Result<void> about_schemas(PgSessions& sessions, const std::string& system, const Work& work);

Result<bool> schema_exists(Transaction& tables, const std::string& name);
// With its tables, so that a transaction makes all of it or nothing.
Result<void> make_schema(Transaction& tables, const std::string& name, std::span<const Migration> migrations);
Result<void> rename_schema(Transaction& tables, const std::string& from, const std::string& to); // NotFound
Result<void> drop_schema(Transaction& tables, const std::string& name); // with all in it; NotFound

// Brings the tables to this program's version, in one transaction. Errors: Unsupported (of a newer version),
// Broken (a schema of somebody else's), Busy.
Result<void> migrate(PgConnection& connection, std::span<const Migration> migrations);
// The same without changing anything: Busy while they are not at this program's version yet.
Result<void> require_schema(PgConnection& connection, std::span<const Migration> migrations);

} // namespace alk::stored
