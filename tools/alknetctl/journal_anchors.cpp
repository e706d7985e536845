#include "journal_anchors.hpp"

#include "base/text.hpp"
#include "json.hpp"
#include "log/event.hpp"

#include <cstdio>
#include <optional>

namespace alk::alknetctl {

namespace {

// About 1 KiB an entry.
constexpr std::size_t max_journal = 16 * 1024 * 1024;

std::string field_of(const Json& entry, const char* name) {
  return entry.contains(name) && entry[name].is_string() ? entry[name].get<std::string>() : std::string();
}

std::optional<pubkey::Anchor> anchor_of(const Json& entry) {
  const std::string bare = field_of(entry, "ALKNET_SEQUENCE") + ":" + field_of(entry, "ALKNET_HASH");
  auto anchor = pubkey::parse_anchor(bare);
  if (!anchor) return std::nullopt;
  const std::string signature = field_of(entry, "ALKNET_SIGNATURE");
  if (signature.empty() || signature == "unsigned") return std::move(*anchor);
  auto whole = pubkey::parse_anchor(bare + ":" + field_of(entry, "ALKNET_TIME") + ":" +
                                    field_of(entry, "ALKNET_KEY") + ":" + signature);
  if (whole) return std::move(*whole);
  anchor->key = "none";
  return std::move(*anchor);
}

} // namespace

std::vector<pubkey::Anchor> anchors_in(std::string_view journal) {
  std::vector<pubkey::Anchor> anchors;
  for (std::string_view line : split(journal, '\n')) {
    const Json entry = Json::parse(line, nullptr, false);
    if (!entry.is_object()) continue;
    if (auto anchor = anchor_of(entry)) anchors.push_back(std::move(*anchor));
  }
  return anchors;
}

// What the unit itself wrote: others may write entries with the same MESSAGE_ID, but not in its name.
Result<std::vector<pubkey::Anchor>> read_journal_anchors() {
  const std::string command =
      "journalctl --quiet --no-pager --output=json --lines=" + std::to_string(max_journal_anchors) +
      " _SYSTEMD_UNIT=alknet-stored.service MESSAGE_ID=" + std::string(log::event::audit_anchor.id) +
      " 2>/dev/null";
  std::FILE* output = ::popen(command.c_str(), "re"); // constants alone
  if (output == nullptr) return fail(Kind::Unsupported, "journalctl cannot be run");
  std::string text;
  char chunk[65536];
  for (std::size_t got; text.size() < max_journal && (got = std::fread(chunk, 1, sizeof chunk, output)) > 0;)
    text.append(chunk, got);
  if (::pclose(output) != 0) return fail(Kind::Unsupported, "journalctl cannot read the journal");
  return anchors_in(text);
}

} // namespace alk::alknetctl
