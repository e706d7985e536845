// alknetctl audit: who changed what, and whether the log is as it was written.
#include "entries.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

int audit_list(StoreClient& store, std::uint32_t limit, const std::string& account, const Output& output) {
  auto rows = store.list_audit(limit, account);
  if (!rows) return report(rows.error(), output);
  if (output.format == Format::Json) {
    print_json({{"rows", entries_json(*rows)}}, output);
    return exit_ok;
  }
  Table table({"NUMBER", "TIME", "WHO", "ACTION", "DETAILS"});
  for (const auto& row : *rows)
    table.add({entry_cell(row, "sequence"), entry_date(row, "time"), entry_cell(row, "actor"),
               entry_cell(row, "action"), entry_cell(row, "details")});
  table.print(output.out);
  return exit_ok;
}

int audit_verify(StoreClient& store, const std::string& anchor, const Output& output) {
  auto verified = store.verify_audit(anchor);
  if (!verified) return report(verified.error(), output);
  const bool intact = entry_true(*verified, "intact");
  if (output.format == Format::Json) {
    print_json(entry_json(*verified), output);
    return intact ? exit_ok : exit_failed;
  }
  if (!intact) {
    output.err << "error: the log is not intact from row " << entry_cell(*verified, "broken_at")
               << " on: " << entry_cell(*verified, "problem") << '\n';
    return exit_failed;
  }
  output.out << "intact: " << entry_cell(*verified, "rows") << " rows\n";
  if (!anchor.empty())
    output.out << "rows after the anchor: " << entry_cell(*verified, "after_anchor") << '\n';
  output.out << "anchor: " << entry_cell(*verified, "head") << '\n';
  return exit_ok;
}

int audit_prune(StoreClient& store, std::uint64_t sequence, const Output& output) {
  auto removed = store.prune_audit(sequence);
  if (!removed) return report(removed.error(), output);
  if (output.format == Format::Json)
    print_json({{"removed", *removed}}, output);
  else
    output.out << "removed " << *removed << " rows\n";
  return exit_ok;
}

} // namespace alk::alknetctl
