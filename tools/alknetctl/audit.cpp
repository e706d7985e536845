// alknetctl audit: who changed what, and whether the log is as it was written.
#include "entries.hpp"
#include "journal_anchors.hpp"
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

namespace {

// The anchors to compare with, and why there is none.
struct Known {
  std::vector<std::string> anchors;
  std::string reason;
};

Known known_anchors(const std::string& anchor, bool journal) {
  if (!anchor.empty()) return {{anchor}, {}};
  if (!journal) return {{}, "the journal of another machine or of alknet serve is not read"};
  auto read = read_journal_anchors();
  if (!read) return {{}, read.error().what};
  return {*read, read->empty() ? "the journal has none" : ""};
}

std::string joined(const std::vector<std::string>& anchors) {
  std::string text;
  for (const std::string& one : anchors) text += (text.empty() ? "" : " ") + one;
  return text;
}

void print_intact(const bus::Dictionary& report, const Known& known, const Output& output) {
  output.out << "intact: " << entry_cell(report, "rows") << " rows\n";
  if (known.anchors.empty())
    output.out << "compared with no anchor: " << known.reason << '\n';
  else
    output.out << "anchors compared with: " << known.anchors.size()
               << "\nrows after the anchor: " << entry_cell(report, "after_anchor") << '\n';
  output.out << "anchor: " << entry_cell(report, "head") << '\n';
}

} // namespace

int audit_verify(StoreClient& store, const std::string& anchor, bool journal, const Output& output) {
  const Known known = known_anchors(anchor, journal);
  auto verified = store.verify_audit(joined(known.anchors));
  if (!verified) return report(verified.error(), output);
  const bool intact = entry_true(*verified, "intact");
  if (output.format == Format::Json) {
    Json document = entry_json(*verified);
    document["anchors"] = known.anchors.size();
    print_json(document, output);
  } else if (intact) {
    print_intact(*verified, known, output);
  } else {
    output.err << "error: the log is not intact from row " << entry_cell(*verified, "broken_at")
               << " on: " << entry_cell(*verified, "problem") << '\n';
  }
  return intact ? exit_ok : exit_failed;
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
