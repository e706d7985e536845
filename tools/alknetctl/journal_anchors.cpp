#include "journal_anchors.hpp"

#include "json.hpp"
#include "log/event.hpp"

#include <cstdio>
#include <memory>
#include <utility>

namespace alk::alknetctl {

namespace {

// An entry has about 600 bytes. What is longer than a line may be is none of ours.
constexpr std::size_t max_journal_line = 16 * 1024;
constexpr std::size_t max_journal = 256 * 1024 * 1024;

// What the unit itself wrote: others may write entries with the same MESSAGE_ID, but not in its name.
class Journalctl {
 public:
  Journalctl() {
    const std::string command =
        "journalctl --quiet --no-pager --reverse --output=json "
        "--output-fields=ALKNET_SEQUENCE,ALKNET_HASH,ALKNET_SIGNATURE,ALKNET_TIME,ALKNET_KEY "
        "_SYSTEMD_UNIT=alknet-stored.service MESSAGE_ID=" +
        std::string(log::event::audit_anchor.id) + " 2>/dev/null";
    output_ = ::popen(command.c_str(), "re"); // constants alone
  }
  ~Journalctl() { // before its end it is told by a pipe that nobody reads
    if (output_ != nullptr) ::pclose(output_);
  }
  Journalctl(const Journalctl&) = delete;
  Journalctl& operator=(const Journalctl&) = delete;

  Result<std::optional<std::string>> line() {
    if (output_ == nullptr) return fail(Kind::Unsupported, "journalctl cannot be run");
    std::string text(max_journal_line, '\0');
    for (bool whole = true; std::fgets(text.data(), static_cast<int>(text.size()), output_) != nullptr;) {
      const std::string_view piece(text.c_str());
      total_ += piece.size();
      if (total_ > max_journal) return fail(Kind::Unsupported, "the journal has too much about anchors");
      const bool ended = piece.ends_with('\n');
      if (ended && whole) return std::string(piece);
      whole = ended;
    }
    if (::pclose(std::exchange(output_, nullptr)) != 0)
      return fail(Kind::Unsupported, "journalctl cannot read the journal");
    return std::optional<std::string>();
  }

 private:
  std::FILE* output_ = nullptr;
  std::size_t total_ = 0;
};

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

JournalLines journal_of_this_machine() {
  return [journal = std::make_shared<Journalctl>()] { return journal->line(); };
}

Result<std::optional<pubkey::Anchor>> JournalAnchors::next() {
  while (!ended_) {
    ALK_TRY(const auto line, lines_());
    ended_ = !line;
    if (!line) break;
    const Json entry = Json::parse(*line, nullptr, false);
    auto anchor = entry.is_object() ? anchor_of(entry) : std::nullopt;
    if (!anchor) continue;
    ++read_;
    return anchor;
  }
  return std::optional<pubkey::Anchor>();
}

Result<std::vector<pubkey::Anchor>> JournalAnchors::newest() {
  std::vector<pubkey::Anchor> anchors;
  while (anchors.size() < max_journal_anchors) {
    ALK_TRY(auto anchor, next());
    if (!anchor) break;
    anchors.push_back(std::move(*anchor));
  }
  return anchors;
}

Result<std::vector<pubkey::Anchor>> JournalAnchors::older_signed(std::string_view key) {
  std::vector<pubkey::Anchor> anchors;
  while (read_ < most_ && anchors.size() < max_older_signed) {
    ALK_TRY(auto anchor, next());
    if (!anchor) return anchors;
    if (anchor->key == key) anchors.push_back(std::move(*anchor));
  }
  return anchors;
}

} // namespace alk::alknetctl
