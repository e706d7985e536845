// Everything that must outlive, as lines (dump_line.hpp), out of any engine and into any. Jobs of upkeep.hpp.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "alknet-stored/upkeep/report.hpp"

namespace alk::stored {

// Each database as it was at one moment: the system's at the beginning, those of the organisations that it
// knows a little later. Notifications, which are for who listens at that moment, are left out. The result:
// {"rows"}.
Result<JsonObject> dump_all(Engine& engine, Report& report, std::int64_t now);

} // namespace alk::stored
