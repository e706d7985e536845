// Brings a file's tables to this program's version, in one transaction.
#pragma once

#include "alknet-stored/sql/schema.hpp"
#include "alknet-stored/sqlite/connection.hpp"

namespace alk::stored {

// "ALKS": the application id in the header of our files.
inline constexpr std::int32_t application_id = 0x414c4b53;

// Errors: Unsupported (of a newer version), Broken (a database of somebody else's), Busy.
Result<void> migrate(SqliteConnection& connection, std::span<const Migration> schema);
// The same without changing anything: Busy while the file is not at this program's version yet.
Result<void> require_schema(SqliteConnection& connection, std::span<const Migration> schema);

} // namespace alk::stored
