// Our SQL (sql/transaction.hpp, sql/schema.hpp) in PostgreSQL's words.
#pragma once

#include <string>
#include <string_view>

namespace alk::stored {

// ?1 becomes $1, outside of quotes.
std::string pg_statement(std::string_view sql);

// Columns become BIGINT, and TEXT that is ordered by its bytes as in SQLite.
std::string pg_definition(std::string_view sql);

} // namespace alk::stored
