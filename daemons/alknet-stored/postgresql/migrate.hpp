// Schemas (PostgreSQL's) and the tables in them. Names need no escaping within double quotes.
#pragma once

#include "alknet-stored/postgresql/connection.hpp"
#include "alknet-stored/sql/schema.hpp"

namespace alk::stored {

Result<bool> schema_exists(Transaction& tables, const std::string& name);
Result<void> make_schema(Transaction& tables, const std::string& name);
Result<void> rename_schema(Transaction& tables, const std::string& from, const std::string& to); // NotFound
Result<void> drop_schema(Transaction& tables, const std::string& name); // with all in it; NotFound

// Brings the tables to this program's version, in one transaction. Errors: Unsupported (of a newer version),
// Broken (a schema of somebody else's), Busy.
Result<void> migrate(PgConnection& connection, std::span<const Migration> migrations);
// The same without changing anything: Busy while they are not at this program's version yet.
Result<void> require_schema(PgConnection& connection, std::span<const Migration> migrations);

} // namespace alk::stored
