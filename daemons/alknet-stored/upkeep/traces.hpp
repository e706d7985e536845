// What copying everything out, and putting it back, leave in the audit log.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

// What somebody has made in this storage, in a word; empty when nobody has used it yet. The access control
// graph's type is there from the first start on.
Result<std::string> content_of(Transaction& tables);

// Before anything is handed out. Not of a storage that nobody has used: there is nothing to take, and a dump
// could not be restored into it any more.
Result<void> note_copying(Transaction& tables, const Act& act, const std::string& action);

// The first row behind those that were restored.
Result<void> note_restoring(Transaction& tables, const Act& act, std::int64_t rows);

} // namespace alk::stored
