// alknetctl audit: who changed what, and whether the log is as it was written.
#include "clients/secret_client.hpp"
#include "entries.hpp"
#include "journal_anchors.hpp"
#include "store_verbs.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace alk::alknetctl {

namespace {

// Whose row it is: an account's, else an organisation's.
std::string about(const bus::Dictionary& row) {
  return entry_cell(row, row.contains("account_id") ? "account_id" : "org_id");
}

} // namespace

int audit_list(StoreClient& store, const AuditPage& page, const Output& output) {
  auto rows = store.list_audit(page.before, page.limit, page.account);
  if (!rows) return report(rows.error(), output);
  if (output.format == Format::Json) {
    print_json({{"rows", entries_json(*rows)}}, output);
    return exit_ok;
  }
  Table table({"NUMBER", "TIME", "WHO", "ACTION", "ABOUT", "DETAILS"});
  for (const auto& row : *rows)
    table.add({entry_cell(row, "sequence"), entry_date(row, "time"), entry_cell(row, "actor"),
               entry_cell(row, "action"), about(row), entry_cell(row, "details")});
  table.print(output.out);
  return exit_ok;
}

namespace {

using pubkey::Anchor;
using pubkey::Signed;

// The anchors to compare with, and why there is none.
struct Known {
  std::vector<Anchor> anchors;
  std::string reason;
  std::optional<JournalAnchors> journal; // that they come from
  bool looked_back = false;              // for signed ones behind the newest
};

Result<Known> known_anchors(const AuditCheck& check) {
  if (!check.anchor.empty()) {
    ALK_TRY(Anchor anchor, pubkey::parse_anchor(check.anchor));
    return Known{{std::move(anchor)}, {}, {}};
  }
  if (!check.journal) return Known{{}, "the journal of another machine or of alknet serve is not read", {}};
  JournalAnchors journal(journal_of_this_machine());
  auto read = journal.newest();
  if (!read) return Known{{}, read.error().what, {}};
  return Known{*read, read->empty() ? "the journal has none" : "", std::move(journal)};
}

// Who has to have signed; empty, and why that is not known.
struct Signer {
  std::string key;
  std::string reason;
};

Result<Signer> expected_signer(StoreClient& store, const AuditCheck& check, const Known& known) {
  if (!check.key.empty()) {
    ALK_TRY(std::string key, pubkey::parse_anchor_key(check.key));
    return Signer{std::move(key), {}};
  }
  // Older ones may be signed when none of these is.
  auto is_signed = [](const Anchor& anchor) { return anchor.is_signed(); };
  const bool older = known.journal && !known.journal->all();
  if (!older && std::none_of(known.anchors.begin(), known.anchors.end(), is_signed)) return Signer{};
  auto status = clients::SecretClient(store.connection()).status();
  if (!status) return Signer{{}, "alknet-secretd does not tell the key: " + status.error().what};
  if (!status->unlocked) return Signer{{}, "alknet-secretd is locked; give --key"};
  auto key = pubkey::parse_anchor_key(status->anchor_key);
  if (!key) return Signer{{}, "alknet-secretd does not tell the key"};
  return Signer{std::move(*key), {}};
}

// Unsigned ones, which anybody in the service's place can write, must not hide the signed ones behind them.
Result<void> look_back(Known& known, const Signer& signer) {
  if (signer.key.empty() || !known.journal || known.journal->all()) return {};
  ALK_TRY(auto older, known.journal->older_signed(signer.key));
  known.looked_back = true;
  std::move(older.begin(), older.end(), std::back_inserter(known.anchors));
  return {};
}

// How many of each.
struct Signatures {
  std::size_t valid = 0, absent = 0, by_another = 0, unchecked = 0;
  std::vector<Anchor> wrong;
  std::uint64_t newest_valid = 0;

  // Whether one of them vouches for a row that is left: those of rows that were pruned vouch for nothing.
  bool vouch(const bus::Dictionary& report) const {
    auto begin = pubkey::parse_anchor(entry_cell(report, "begin"));
    return valid > 0 && (!begin || newest_valid >= begin->sequence);
  }
};

Signatures judge(const std::vector<Anchor>& anchors, const Signer& signer) {
  Signatures found;
  for (const Anchor& anchor : anchors) {
    switch (pubkey::judge_signature(anchor, signer.key)) {
    case Signed::Not: ++found.absent; break;
    case Signed::Wrong: found.wrong.push_back(anchor); break;
    case Signed::ByAnother: ++(signer.key.empty() ? found.unchecked : found.by_another); break;
    case Signed::Right:
      ++found.valid;
      found.newest_valid = std::max(found.newest_valid, anchor.sequence);
      break;
    }
  }
  return found;
}

// What is signed by no one may have been put there by anyone: the log is not compared with it.
std::string comparable(const std::vector<Anchor>& anchors, const Signatures& signatures) {
  std::string text;
  for (const Anchor& anchor : anchors)
    if (std::find(signatures.wrong.begin(), signatures.wrong.end(), anchor) == signatures.wrong.end())
      text += (text.empty() ? "" : " ") + anchor.bare_text();
  return text;
}

std::string summary(const Signatures& found, const Signer& signer) {
  std::string text;
  auto add = [&text](std::size_t count, const std::string& what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(found.valid, "signed and valid");
  add(found.absent, "unsigned");
  add(found.by_another, "signed by another key");
  add(found.unchecked, "not checked (" + signer.reason + ")");
  add(found.wrong.size(), "WRONG");
  return text;
}

// Rows that follow the newest anchor with a valid signature.
std::uint64_t rows_after_signed(const bus::Dictionary& report, const Signatures& found) {
  auto head = pubkey::parse_anchor(entry_cell(report, "head"));
  return head && head->sequence > found.newest_valid ? head->sequence - found.newest_valid : 0;
}

void print_intact(const bus::Dictionary& report, const Known& known, const Signatures& found,
                  const Output& output) {
  output.out << "intact: " << entry_cell(report, "rows") << " rows\n";
  const std::size_t compared = known.anchors.size() - found.wrong.size();
  if (known.anchors.empty())
    output.out << "compared with no anchor: " << known.reason << '\n';
  else if (compared == 0)
    output.out << "compared with no anchor: no signature is right\n";
  else
    output.out << "anchors compared with: " << compared
               << "\nrows after the anchor: " << entry_cell(report, "after_anchor") << '\n';
}

void print_report(const bus::Dictionary& report, const Known& known, const Signatures& found,
                  const Signer& signer, const Output& output) {
  const bool intact = entry_true(report, "intact");
  if (intact)
    print_intact(report, known, found, output);
  else
    output.err << "error: the log is not intact from row " << entry_cell(report, "broken_at")
               << " on: " << entry_cell(report, "problem") << '\n';
  if (!known.anchors.empty()) output.out << "signatures: " << summary(found, signer) << '\n';
  if (known.looked_back)
    output.out << "looked further back for signed ones: " << known.journal->read()
               << " anchors of the journal"
               << (known.journal->all() ? ", all that it has\n" : ", not at older ones\n");
  if (found.valid > 0)
    output.out << "rows after the signed anchor: " << rows_after_signed(report, found) << '\n';
  if (found.valid > 0 && !found.vouch(report))
    output.out << "the signed anchor is older than what is left of the log: it vouches for no row\n";
  if (intact) output.out << "anchor: " << entry_cell(report, "head") << '\n';
}

Json report_json(const bus::Dictionary& report, const Known& known, const Signatures& found) {
  Json document = entry_json(report);
  document["anchors"] = known.anchors.size();
  document["signatures"] = {{"valid", found.valid},
                            {"unsigned", found.absent},
                            {"by_another", found.by_another},
                            {"unchecked", found.unchecked},
                            {"wrong", found.wrong.size()}};
  if (known.journal) document["anchors_read"] = known.journal->read();
  if (known.journal) document["anchors_all_read"] = known.journal->all();
  if (found.valid > 0) document["after_signed_anchor"] = rows_after_signed(report, found);
  return document;
}

struct Verified {
  bus::Dictionary report;
  Known known;
  Signer signer;
  Signatures found;
};

Result<Verified> verify(StoreClient& store, const AuditCheck& check) {
  ALK_TRY(Known known, known_anchors(check));
  ALK_TRY(Signer signer, expected_signer(store, check, known));
  ALK_TRY_VOID(look_back(known, signer));
  Signatures found = judge(known.anchors, signer);
  ALK_TRY(bus::Dictionary report, store.verify_audit(comparable(known.anchors, found)));
  return Verified{std::move(report), std::move(known), std::move(signer), std::move(found)};
}

} // namespace

int audit_verify(StoreClient& store, const AuditCheck& check, const Output& output) {
  auto verified = verify(store, check);
  if (!verified) return report(verified.error(), output);
  const auto& [entries, known, signer, found] = *verified;
  if (output.format == Format::Json)
    print_json(report_json(entries, known, found), output);
  else
    print_report(entries, known, found, signer, output);
  for (const Anchor& anchor : found.wrong)
    output.err << "error: the signature of the anchor " << anchor.bare_text()
               << " is WRONG: it is not by the key that it names\n";
  const bool demanded = !check.key.empty() && !found.vouch(entries);
  if (demanded)
    output.err << "error: no anchor " << (found.valid > 0 ? "of a row that is left " : "")
               << "is signed by the key that was given\n";
  return entry_true(entries, "intact") && found.wrong.empty() && !demanded ? exit_ok : exit_failed;
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
