#include "alknet-stored/audit.hpp"

#include "alknet-stored/streams.hpp"
#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

constexpr std::uint8_t chain_version = 1;
constexpr std::size_t hash_bytes = 32;
constexpr std::int64_t most_rows_at_once = 1000; // of a list

std::string zeros() {
  return std::string(2 * hash_bytes, '0');
}

std::string hash_of(std::string_view bytes) {
  const pubkey::Digest digest = pubkey::sha256(bytes);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Nothing and the empty text are two things.
void put(ByteWriter& out, const std::optional<std::string>& text) {
  out.u8(text ? 1 : 0);
  if (text) out.string(*text);
}

constexpr const char* columns = "SELECT id, sequence, created_at, action, owner_id, credential_id, "
                                "credential_type, org_id, details, actor, request, previous_hash, hash "
                                "FROM audit_logs ";

AuditRow read_row(const Row& row) {
  AuditRow audit;
  audit.id = row.text(0);
  audit.sequence = row.integer(1);
  audit.created_at = row.integer(2);
  audit.action = row.text(3);
  audit.owner_id = row.text_if(4);
  audit.credential_id = row.text_if(5);
  audit.credential_type = row.text_if(6);
  audit.org_id = row.text_if(7);
  audit.details = row.text(8);
  audit.actor = row.text(9);
  audit.request = row.text(10);
  audit.previous_hash = row.text(11);
  audit.hash = row.text(12);
  return audit;
}

Result<AuditAnchor> checkpoint(Transaction& tables) {
  ALK_TRY(auto row,
          tables.find("SELECT sequence, hash FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1"));
  if (!row) return AuditAnchor{0, zeros()};
  return AuditAnchor{row->integer(0), row->text(1)};
}

// What is wrong with the next row, nullptr when it fits.
const char* misfit(const AuditRow& row, const AuditAnchor& previous) {
  if (row.sequence != previous.sequence + 1) return "rows are missing before it";
  if (row.previous_hash != previous.hash) return "it does not follow the row before it";
  if (row.hash != audit_hash(row)) return "it was changed";
  return nullptr;
}

// In their order, without those that are older than what is left of the log.
Result<std::vector<AuditAnchor>> comparable(std::vector<AuditAnchor> anchors, const AuditAnchor& begin) {
  const bool none = anchors.empty();
  std::erase_if(anchors, [&](const AuditAnchor& one) { return one.sequence < begin.sequence; });
  if (anchors.empty() && !none)
    return fail(Kind::Invalid, "the anchor is older than what is left of the log");
  std::sort(anchors.begin(), anchors.end(),
            [](const AuditAnchor& a, const AuditAnchor& b) { return a.sequence < b.sequence; });
  return anchors;
}

} // namespace

std::string audit_hash(const AuditRow& row) {
  ByteWriter out;
  out.u8(chain_version).raw(hex_decode(row.previous_hash).value_or(std::string()));
  out.u64(static_cast<std::uint64_t>(row.sequence));
  out.string(row.id).u64(static_cast<std::uint64_t>(row.created_at)).string(row.action);
  put(out, row.owner_id);
  put(out, row.credential_id);
  put(out, row.credential_type);
  put(out, row.org_id);
  out.string(row.details).string(row.actor).string(row.request);
  return hash_of(out.bytes());
}

std::string anchor_text(const AuditAnchor& anchor) {
  return std::to_string(anchor.sequence) + ":" + anchor.hash;
}

Result<AuditAnchor> parse_anchor(std::string_view text) {
  const auto colon = text.find(':');
  const auto number = parse_number(text.substr(0, std::min(colon, text.size())));
  const std::string_view hash = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  const auto bytes = hex_decode(hash);
  if (!number || *number > INT64_MAX || !bytes || bytes->size() != hash_bytes)
    return fail(Kind::Invalid, "an anchor is SEQUENCE:HASH with 64 hexadecimal digits");
  return AuditAnchor{static_cast<std::int64_t>(*number), to_lower(hash)};
}

Result<std::vector<AuditAnchor>> parse_anchors(std::string_view text) {
  std::vector<AuditAnchor> anchors;
  for (std::string_view one : split(text, ' ')) {
    if (one.empty()) continue;
    ALK_TRY(anchors.emplace_back(), parse_anchor(one));
  }
  return anchors;
}

Result<AuditAnchor> audit_head(Transaction& tables) {
  ALK_TRY(auto row, tables.find("SELECT sequence, hash FROM audit_logs ORDER BY sequence DESC LIMIT 1"));
  if (!row) return checkpoint(tables);
  return AuditAnchor{row->integer(0), row->text(1)};
}

Result<AuditAnchor> append_audit(Transaction& tables, const Act& act, const AuditEntry& entry) {
  ALK_TRY(const AuditAnchor head, audit_head(tables));
  AuditRow row;
  static_cast<AuditEntry&>(row) = entry;
  ALK_TRY(row.sequence, next_number(tables, "audit"));
  if (row.sequence != head.sequence + 1)
    return fail(Kind::Broken, "the audit log has lost its end: " + std::to_string(head.sequence) + " of " +
                                  std::to_string(row.sequence - 1) + " rows");
  row.id = make_uuid(act);
  row.created_at = act.now;
  row.actor = act.actor;
  row.request = act.request;
  row.previous_hash = head.hash;
  row.hash = audit_hash(row);
  ALK_TRY_VOID(tables.execute(
      "INSERT INTO audit_logs (id, created_at, updated_at, sequence, action, owner_id, credential_id, "
      "credential_type, org_id, details, actor, request, previous_hash, hash) "
      "VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      {row.id, row.created_at, row.sequence, row.action, row.owner_id, row.credential_id, row.credential_type,
       row.org_id, row.details, row.actor, row.request, row.previous_hash, row.hash}));
  return AuditAnchor{row.sequence, row.hash};
}

Result<std::vector<AuditRow>> list_audit(Transaction& tables, std::int64_t before, std::size_t limit,
                                         const std::optional<std::string>& owner_id) {
  const std::int64_t end = before > 0 ? before : INT64_MAX;
  const std::int64_t most = std::clamp<std::int64_t>(static_cast<std::int64_t>(limit), 1, most_rows_at_once);
  static const std::string all = std::string(columns) + "WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2";
  static const std::string of_one =
      std::string(columns) + "WHERE sequence < ?1 AND owner_id = ?3 ORDER BY sequence DESC LIMIT ?2";
  Values values = {end, most};
  if (owner_id) values.emplace_back(*owner_id);
  ALK_TRY(Rows rows, tables.query(owner_id ? of_one : all, values));
  std::vector<AuditRow> log;
  for (const Row& row : rows) log.push_back(read_row(row));
  return log;
}

Result<AuditReport> verify_audit(Transaction& tables, std::vector<AuditAnchor> anchors) {
  AuditReport report;
  ALK_TRY(report.begin, checkpoint(tables));
  ALK_TRY(const auto wanted, comparable(std::move(anchors), report.begin));
  auto next = wanted.begin(); // the first that is not met yet
  report.head = report.begin;
  auto judge = [&](std::int64_t sequence, const char* problem) {
    report.problem = problem;
    report.broken_at = sequence;
    return false;
  };
  auto meet = [&] { // whether every anchor of this row says the same
    while (next != wanted.end() && *next == report.head) ++next;
    return next == wanted.end() || next->sequence > report.head.sequence;
  };
  if (!meet()) judge(report.begin.sequence + 1, "the log begins with another hash than the anchor");
  static const std::string all = std::string(columns) + "ORDER BY sequence";
  auto check_row = [&](const Row& stored) -> Result<bool> {
    const AuditRow row = read_row(stored);
    if (const char* problem = misfit(row, report.head)) return judge(report.head.sequence + 1, problem);
    report.head = {row.sequence, row.hash};
    ++report.rows;
    return meet() || judge(row.sequence, "it is not what the anchor says");
  };
  if (report.problem.empty()) ALK_TRY_VOID(tables.each(all, {}, check_row));
  ALK_TRY(auto counted, tables.find("SELECT value FROM counters WHERE name = 'audit'"));
  if (report.problem.empty() && (!counted || counted->integer(0) != report.head.sequence))
    judge(report.head.sequence + 1, "rows are missing at the end");
  if (report.problem.empty() && next != wanted.end())
    judge(report.head.sequence + 1, "the log ends before the anchor");
  report.intact = report.problem.empty();
  if (!wanted.empty()) report.after_anchor = report.head.sequence - wanted.back().sequence;
  return report;
}

Result<std::uint64_t> prune_audit(Transaction& tables, const Act& act, std::int64_t sequence) {
  ALK_TRY(auto row, tables.find("SELECT hash FROM audit_logs WHERE sequence = ?1", {sequence}));
  if (!row) return fail(Kind::NotFound, "the audit log has no such row");
  const std::string hash = row->text(0);
  ALK_TRY_VOID(
      tables.execute("INSERT INTO audit_checkpoints (sequence, hash, created_at) VALUES (?1, ?2, ?3)",
                     {sequence, hash, act.now}));
  ALK_TRY(const std::uint64_t removed,
          tables.execute("DELETE FROM audit_logs WHERE sequence <= ?1", {sequence}));
  AuditEntry entry;
  entry.action = "audit.pruned";
  entry.details = "{\"to\":" + std::to_string(sequence) + "}";
  ALK_TRY_VOID(append_audit(tables, act, entry));
  return removed;
}

} // namespace alk::stored
