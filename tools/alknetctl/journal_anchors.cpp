#include "journal_anchors.hpp"

#include "base/text.hpp"
#include "json.hpp"
#include "log/event.hpp"

#include <cstdio>

namespace alk::alknetctl {

namespace {

// About 1 KiB an entry.
constexpr std::size_t max_journal = 16 * 1024 * 1024;

bool is_field(const Json& entry, const char* name) {
  return entry.contains(name) && entry[name].is_string();
}

} // namespace

std::vector<std::string> anchors_in(std::string_view journal) {
  std::vector<std::string> anchors;
  for (std::string_view line : split(journal, '\n')) {
    const Json entry = Json::parse(line, nullptr, false);
    if (!entry.is_object() || !is_field(entry, "ALKNET_SEQUENCE") || !is_field(entry, "ALKNET_HASH"))
      continue;
    anchors.push_back(entry["ALKNET_SEQUENCE"].get<std::string>() + ":" +
                      entry["ALKNET_HASH"].get<std::string>());
  }
  return anchors;
}

// What the unit itself wrote: others may write entries with the same MESSAGE_ID, but not in its name.
Result<std::vector<std::string>> read_journal_anchors() {
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
