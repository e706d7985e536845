// Owners of libpq's objects, and what PostgreSQL's SQLSTATEs mean to us (its manual, appendix A).
#pragma once

#include "base/handle.hpp"
#include "base/result.hpp"

#include <libpq-fe.h>

namespace alk::stored {

using PgHandle = Handle<PGconn, PQfinish>;
using PgResult = Handle<PGresult, PQclear>;

// Why `result` failed, as ours (kinds as in sql/transaction.hpp). What PostgreSQL says of values is left out.
// `doing` is for the log alone.
Failure pg_failure(PGconn* connection, const PGresult* result, std::string_view doing,
                   Where at = Where::here());

// Another transaction was preferred: the same work may succeed at once (serialization failure, deadlock).
bool lost_to_another(const PGresult* result);

} // namespace alk::stored
