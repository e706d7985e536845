#include "alknet-stored/postgresql/handles.hpp"
#include "alknet-stored/sql/fault.hpp"

namespace alk::stored {

namespace {

std::string_view state_of(const PGresult* result) {
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  return state != nullptr ? state : "";
}

// The first line; the others (DETAIL, CONTEXT) may quote rows.
std::string message_of(PGconn* connection, const PGresult* result) {
  const char* primary = result != nullptr ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  if (primary != nullptr) return primary;
  std::string text = connection != nullptr ? PQerrorMessage(connection) : "out of memory";
  return text.substr(0, text.find('\n'));
}

} // namespace

bool lost_to_another(const PGresult* result) {
  const std::string_view state = state_of(result);
  return state == "40001" || state == "40P01";
}

Failure pg_failure(PGconn* connection, const PGresult* result, std::string_view doing, Where at) {
  const std::string_view state = state_of(result);
  if (state == "23505") return fail(Kind::Conflict, "it exists already", at);
  if (state == "23503" || state == "23001")
    return fail(Kind::Conflict, "what it refers to does not exist, or something still refers to it", at);
  if (state.starts_with("23") || state.starts_with("22") || state == "42804")
    return fail(Kind::Invalid, "a value that the tables do not allow", at);
  if (state.starts_with("54")) return fail(Kind::Invalid, "a value is too long", at); // for an index
  if (lost_to_another(result) || state == "55P03") return fail(Kind::Busy, "another writer is at work", at);
  if (state == "53100") return fail(Kind::Busy, std::string(storage_full), at);
  if (state == "XX001" || state == "XX002")
    return fail(Kind::Broken, std::string(damaged) + ": " + message_of(connection, result), at);
  if (state.starts_with("53") || state.starts_with("57") || state.starts_with("08") ||
      (state.empty() && (connection == nullptr || PQstatus(connection) == CONNECTION_BAD)))
    return fail(Kind::Busy, "PostgreSQL does not answer: " + message_of(connection, result), at);
  return fail(Kind::Broken,
              std::string(doing) + ": " + message_of(connection, result) + " (" + std::string(state) + ")",
              at);
}

} // namespace alk::stored
