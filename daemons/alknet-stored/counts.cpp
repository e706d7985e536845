#include "alknet-stored/counts.hpp"

#include "alknet-stored/audit.hpp"

namespace alk::stored {

namespace {

Sample by(const char* label, const char* word, std::uint64_t value) {
  return {{{label, word}}, value};
}

Metric plain(const char* name, const char* type, const char* help, std::uint64_t value) {
  return {name, type, help, {{{}, value}}};
}

Sample transactions(const char* access, const char* result, std::uint64_t count) {
  return {{{"access", access}, {"result", result}}, count};
}

// Graphs may have millions of nodes and are not counted; neither is the audit log, whose numbers tell.
struct CountedTable {
  const char* name;
  const char* count;
};
constexpr CountedTable counted_tables[] = {
    {"accounts", "SELECT count(*) FROM accounts"},
    {"organizations", "SELECT count(*) FROM organizations"},
    {"organization_members", "SELECT count(*) FROM organization_members"},
    {"peer_credentials", "SELECT count(*) FROM peer_credentials"},
    {"api_keys", "SELECT count(*) FROM api_keys"},
    {"outbound_credentials", "SELECT count(*) FROM outbound_credentials"},
};

} // namespace

std::vector<Metric> Counts::metrics(const Store::Numbers& numbers) const {
  return {
      {"alknet_stored_transactions_total",
       "counter",
       "Transactions, by what they were for and what became of them",
       {transactions("read", "ok", numbers.read.done), transactions("read", "failed", numbers.read.failed),
        transactions("write", "ok", numbers.write.done),
        transactions("write", "failed", numbers.write.failed)}},
      {"alknet_stored_waiting",
       "gauge",
       "Transactions that wait for a thread",
       {by("access", "read", numbers.read.waiting), by("access", "write", numbers.write.waiting)}},
      plain("alknet_stored_commits_total", "counter", "Groups of changes that reached the disk together",
            numbers.commits),
      plain("alknet_stored_reader_waits_total", "counter", "Questions that found every reader at work",
            numbers.reader_waits),
      plain("alknet_stored_open_tenants", "gauge", "Open databases of organisations, by all threads",
            numbers.open_tenants),
      {"alknet_stored_refusals_total", "counter", "Errors that it answered with, by kind",
       refusals_.samples()},
      {"alknet_stored_anchors_total",
       "counter",
       "Anchors of the audit log that went to the journal",
       {by("signed", "yes", signed_), by("signed", "no", unsigned_)}},
      plain("alknet_stored_anchored_sequence", "gauge", "Number of the row of the last anchor", anchored_)};
}

Result<Holdings> count_holdings(Transaction& system, const Store& store) {
  Holdings found;
  for (const CountedTable& table : counted_tables) {
    ALK_TRY(auto row, system.find(table.count));
    found.rows.push_back(by("table", table.name, row ? static_cast<std::uint64_t>(row->integer(0)) : 0));
  }
  ALK_TRY(const AuditAnchor head, audit_head(system));
  found.audit_sequence = static_cast<std::uint64_t>(head.sequence);
  ALK_TRY(found.bytes, store.size(system));
  return found;
}

std::vector<Metric> holdings_metrics(Holdings holdings) {
  return {
      {"alknet_stored_rows", "gauge", "Rows of the system's database, by table", std::move(holdings.rows)},
      plain("alknet_stored_audit_sequence", "gauge", "Number of the last row of the audit log",
            holdings.audit_sequence),
      plain("alknet_stored_database_bytes", "gauge", "What all databases take on the disk", holdings.bytes)};
}

} // namespace alk::stored
