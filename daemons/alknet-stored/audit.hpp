// The audit log: who changed what, chained so that a change of a past row, a missing row or a cut beginning
// is found. It detects and does not prevent: whoever can write the file can compute a new chain, which only
// an anchor kept elsewhere (the journal) gives away.
//
// hash = SHA-256(version, previous hash, sequence, canonical bytes); sequences have no gaps.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

struct AuditEntry {
  std::string action;                  // "account.created"
  std::optional<std::string> owner_id; // the account that it is about
  std::optional<std::string> credential_id;
  std::optional<std::string> credential_type; // ssh_key, cert_authority, api_key
  std::optional<std::string> org_id;
  std::string details = "{}"; // JSON
};

struct AuditRow : AuditEntry {
  std::string id;
  std::int64_t sequence = 0;
  UnixSeconds created_at = 0;
  std::string actor;
  std::string request;
  std::string previous_hash; // hex
  std::string hash;
};

// A row's place and hash, as the journal keeps it; the state before the first row is sequence 0, hash zeros.
struct AuditAnchor {
  std::int64_t sequence = 0;
  std::string hash;
  bool operator==(const AuditAnchor&) const = default;
};

// "SEQUENCE:HEX", as alknetctl takes and prints it. Invalid.
Result<AuditAnchor> parse_anchor(std::string_view text);
Result<std::vector<AuditAnchor>>
parse_anchors(std::string_view text); // with blanks between; none is no error
std::string anchor_text(const AuditAnchor& anchor);

// Adds a row at the end; the answer is the new head.
Result<AuditAnchor> append_audit(Transaction& tables, const Act& act, const AuditEntry& entry);
Result<AuditAnchor> audit_head(Transaction& tables);

// Newest first, `limit` (1 to 1000) at most, older than sequence `before` when that is not 0; of one account
// when it is given.
Result<std::vector<AuditRow>> list_audit(Transaction& tables, std::int64_t before, std::size_t limit,
                                         const std::optional<std::string>& owner_id = std::nullopt);

struct AuditReport {
  bool intact = false;
  std::string problem;        // what is wrong, empty when intact
  std::int64_t broken_at = 0; // the first sequence that does not fit
  AuditAnchor begin;          // the checkpoint that the log begins after
  AuditAnchor head;
  std::int64_t rows = 0;
  std::int64_t after_anchor = 0; // rows that follow the newest anchor and that nothing outside vouches for
};

// Reads the whole log, and compares it with every anchor that is given: between two of them nothing can have
// been written anew. Those that are older than the checkpoint cannot be compared; when all are: Invalid.
Result<AuditReport> verify_audit(Transaction& tables, std::vector<AuditAnchor> anchors = {});

// Removes the rows up to and with `sequence`, which stays behind as the checkpoint, and says so in the log.
// NotFound: there is no such row.
Result<std::uint64_t> prune_audit(Transaction& tables, const Act& act, std::int64_t sequence);

// The hash of a row whose other members are set, for the chain and its tests. Hex.
std::string audit_hash(const AuditRow& row);

} // namespace alk::stored
