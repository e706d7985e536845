// The audit log on org.alknet.Store1.
#include "alknet-stored/accounts.hpp"
#include "alknet-stored/facts.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

bus::Dictionary facts_of(const AuditRow& row) {
  bus::Dictionary facts = {{"sequence", static_cast<std::uint64_t>(row.sequence)},
                           {"time", seconds_out(row.created_at)},
                           {"action", row.action},
                           {"details", row.details},
                           {"actor", row.actor},
                           {"request", row.request},
                           {"hash", row.hash}};
  if (row.owner_id) facts["account_id"] = *row.owner_id;
  if (row.credential_id) facts["credential_id"] = *row.credential_id;
  if (row.credential_type) facts["credential_type"] = *row.credential_type;
  if (row.org_id) facts["org_id"] = *row.org_id;
  return facts;
}

Result<std::int64_t> read_sequence(bus::Message& in) {
  ALK_TRY(const std::uint64_t number, in.read_u64());
  if (number > INT64_MAX) return fail(Kind::Invalid, "no such sequence number");
  return static_cast<std::int64_t>(number);
}

Result<Plan> plan_list(bus::Call& call, const Act&) {
  ALK_TRY(const std::int64_t before, read_sequence(call.in));
  ALK_TRY(const std::uint32_t limit, call.in.read_u32());
  ALK_TRY(const std::string account, call.in.read_text());
  return reading(
      [=](Transaction& tables) -> Result<std::vector<AuditRow>> {
        if (account.empty()) return list_audit(tables, before, limit);
        ALK_TRY(const Account owner, require_account(tables, account));
        return list_audit(tables, before, limit, owner.id);
      },
      [](bus::Message& out, const std::vector<AuditRow>& rows) {
        std::vector<bus::Dictionary> list;
        for (const AuditRow& row : rows) list.push_back(facts_of(row));
        out.write_dictionaries(list);
      });
}

Result<Plan> plan_verify(bus::Call& call, const Act&) {
  ALK_TRY(const std::string text, call.in.read_text());
  ALK_TRY(const auto anchors, parse_anchors(text));
  return reading([=](Transaction& tables) { return verify_audit(tables, anchors); },
                 [](bus::Message& out, const AuditReport& report) {
                   out.write_dictionary({{"intact", report.intact},
                                         {"problem", report.problem},
                                         {"broken_at", static_cast<std::uint64_t>(report.broken_at)},
                                         {"begin", anchor_text(report.begin)},
                                         {"head", anchor_text(report.head)},
                                         {"rows", static_cast<std::uint64_t>(report.rows)},
                                         {"after_anchor", report.after_anchor}});
                 });
}

Result<Plan> plan_prune(bus::Call& call, const Act& act) {
  ALK_TRY(const std::int64_t sequence, read_sequence(call.in));
  return changing([=](Transaction& tables) { return prune_audit(tables, act, sequence); },
                  [](bus::Message& out, const std::uint64_t& removed) { out.write_u64(removed); });
}

} // namespace

Methods audit_methods(StoreBus* self) {
  return {
      StoreBus::method(self, "ListAudit", {{"t", "before"}, {"u", "limit"}, {"s", "account"}},
                       {{"aa{sv}", "rows"}}, plan_list),
      StoreBus::method(self, "VerifyAudit", {{"s", "anchor"}}, {{"a{sv}", "report"}}, plan_verify),
      StoreBus::method(self, "PruneAudit", {{"t", "sequence"}}, {{"t", "removed"}}, plan_prune),
  };
}

} // namespace alk::stored
