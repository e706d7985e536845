// PostgreSQL as an engine: one schema for the system and one for each tenant, in one database that other
// heads may share. The only folder that sees libpq-fe.h.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "base/secret_bytes.hpp"

#include <memory>
#include <string>

namespace alk::stored {

struct PostgresqlOptions {
  std::string url;               // libpq's manual, 34.1.1; without a password
  SecretBytes password;          // of the credential; empty: libpq's passfile, or none is needed
  std::string prefix = "alknet"; // of every schema: lower-case letters, digits and _, at most 16
};

// Errors: Invalid (the URL, or a password in it; the prefix). Nobody is asked yet.
Result<std::unique_ptr<Engine>> make_postgresql_engine(PostgresqlOptions options);

} // namespace alk::stored
