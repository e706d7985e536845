#include "alknet-stored/upkeep/traces.hpp"

#include "alknet-stored/audit.hpp"
#include "alknet-stored/json.hpp"

namespace alk::stored {

namespace {

constexpr std::pair<const char*, const char*> made_by_somebody[] = {
    {"SELECT 1 FROM accounts LIMIT 1", "accounts"},
    {"SELECT 1 FROM organizations LIMIT 1", "organisations"},
    {"SELECT 1 FROM outbound_credentials LIMIT 1", "credentials"},
    {"SELECT 1 FROM audit_logs LIMIT 1", "an audit log"},
    {"SELECT 1 FROM audit_checkpoints LIMIT 1", "an audit log"},
    {"SELECT 1 FROM graph_types WHERE name <> 'acl' LIMIT 1", "graph types"},
    {"SELECT 1 FROM nodes LIMIT 1", "graphs"},
    {"SELECT 1 FROM jobs LIMIT 1", "jobs"},
    {"SELECT 1 FROM dead_jobs LIMIT 1", "dead letters"},
};

} // namespace

Result<std::string> content_of(Transaction& tables) {
  for (const auto& [sql, what] : made_by_somebody) {
    ALK_TRY(auto row, tables.find(sql));
    if (row) return std::string(what);
  }
  return std::string();
}

Result<void> note_copying(Transaction& tables, const Act& act, const std::string& action) {
  ALK_TRY(const std::string content, content_of(tables));
  if (content.empty()) return {};
  AuditEntry entry;
  entry.action = action;
  ALK_TRY_VOID(append_audit(tables, act, entry));
  return {};
}

Result<void> note_restoring(Transaction& tables, const Act& act, std::int64_t rows) {
  AuditEntry entry;
  entry.action = "storage.restored";
  entry.details = JsonObject().add("rows", rows).text();
  ALK_TRY_VOID(append_audit(tables, act, entry));
  return {};
}

} // namespace alk::stored
