// A dump put into an empty storage: all of it or nothing. A job of upkeep.hpp.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/engine.hpp"
#include "alknet-stored/upkeep/report.hpp"

namespace alk::stored {

// Each database is filled in one transaction, the system's last, whose commit decides (Filling): after a kill
// settle_tenants() removes what came before it. Before the commit the references, the counters and the chain
// of the audit log are checked; attributes of graphs were judged when they were written, and are not again.
// The first row behind the log that was restored says that it was, and by whom.
// The result: {"rows", "audit_rows", "audit_head"}.
//
// Errors: Conflict (the storage is not empty), Invalid ("line N: /row/email: ...", also a dump that was cut),
// Unsupported (of a newer release), Busy, Gone, Broken.
Result<JsonObject> restore_all(Engine& engine, Report& report, Pipe source, const Act& act);

// What a restoring or the making of a tenant that was killed has left: databases of known organisations are
// finished, others removed. At the start, and before everything is restored.
Result<void> settle_tenants(Engine& engine);

} // namespace alk::stored
