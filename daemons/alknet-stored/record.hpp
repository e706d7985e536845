// What every change of identities leaves behind, in its own transaction: the event of its stream, its row in
// the audit log and a new revision.
#pragma once

#include "alknet-stored/audit.hpp"

namespace alk::stored {

struct Change {
  const char* topic;   // "accounts:updated"
  std::string key;     // the id of what changed
  std::string payload; // JSON; private to this service
  AuditEntry audit;
};

Result<void> record(Transaction& tables, const Act& act, const Change& change);

// Raised by every change that may alter what an identity is or may do: whoever remembers an answer forgets it
// when this number is another.
Result<std::int64_t> revision(Transaction& tables);

// `result` with a Conflict's text replaced by what the caller understands.
template <class T>
Result<T> conflict_as(Result<T> result, const char* text) {
  if (!result && result.error().kind == Kind::Conflict) result.error().what = text;
  return result;
}

} // namespace alk::stored
