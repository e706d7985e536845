// SQLite as an engine: one directory with system.db and a tenant-ID.db for each organisation; what is retired
// is named retired-ID.db. The only folder that sees sqlite3.h.
#pragma once

#include "alknet-stored/sql/engine.hpp"

#include <memory>
#include <string>

namespace alk::stored {

struct SqliteOptions {
  const char* vfs = nullptr; // for the tests of power cuts
};

// `directory` exists and belongs to this process' user. Errors: as of opening it. Nothing is made yet.
Result<std::unique_ptr<Engine>> make_sqlite_engine(const std::string& directory, SqliteOptions options = {});

} // namespace alk::stored
