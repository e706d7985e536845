// What is done to all databases when they are files: copied out, or looked through. Jobs of upkeep.hpp.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "alknet-stored/upkeep/report.hpp"

namespace alk::stored {

// The ids of all organisations, in order; whether they have a database is not known.
Result<std::vector<std::string>> tenant_ids(Transaction& tables);

// Each database as a line {"file", "bytes"} and that many bytes. The system's comes first; organisations that
// are made later than it are left out. The result: {"files", "bytes"}.
Result<JsonObject> back_up(Engine& engine, Report& report);

// Each database as a line {"database", "problems"}, then the chain of the audit log. The result:
// {"databases", "problems", "audit_rows", "audit_head"}.
Result<JsonObject> check_all(Engine& engine, Report& report);

} // namespace alk::stored
