#include "alknet-stored/record.hpp"

#include "alknet-stored/streams.hpp"

namespace alk::stored {

Result<void> record(Transaction& tables, const Act& act, const Change& change) {
  ALK_TRY_VOID(publish(tables, change.topic, change.key, change.payload, act.now));
  ALK_TRY_VOID(append_audit(tables, act, change.audit));
  ALK_TRY_VOID(next_number(tables, "revision"));
  return {};
}

Result<std::int64_t> revision(Transaction& tables) {
  ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'revision'"));
  if (!row) return fail(Kind::Broken, "no counter revision");
  return row->integer(0);
}

} // namespace alk::stored
