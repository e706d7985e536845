// The anchors of the audit log that alknet-stored left in the journal of this machine.
#pragma once

#include "base/result.hpp"
#include "pubkey/anchor.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alk::alknetctl {

// Newest ones that the log is compared with, whoever signed them or not.
inline constexpr std::size_t max_journal_anchors = 1000;
// Whoever has alknet-stored's user can write any number of anchors without a signature; those with one are
// looked for behind them. 100,000 are two months of a change in every minute, and some seconds of reading.
inline constexpr std::size_t max_anchors_read = 100'000;
// With the newest ones they are to fit into one question to the service.
inline constexpr std::size_t max_older_signed = 2000;
static_assert((max_journal_anchors + max_older_signed) * sizeof("18446744073709551615:") +
                  (max_journal_anchors + max_older_signed) * 2 * pubkey::anchor_hash_size <
              256 * 1024); // bus::max_text

// One entry of `journalctl --output=json` after the other, newest first; none: the end.
using JournalLines = std::function<Result<std::optional<std::string>>()>;

// Errors of its calls: Unsupported (there is no journal to read here).
JournalLines journal_of_this_machine();

class JournalAnchors {
 public:
  explicit JournalAnchors(JournalLines lines, std::size_t most = max_anchors_read)
      : lines_(std::move(lines)), most_(most) {}

  // Newest first, max_journal_anchors at most. What says that it is signed and is not in the form of that
  // stays in, with a signature that is no one's. Entries that are no anchors are left out.
  Result<std::vector<pubkey::Anchor>> newest();
  // Behind these, those that name this key (32 bytes), right or not.
  Result<std::vector<pubkey::Anchor>> older_signed(std::string_view key);

  std::size_t read() const { return read_; } // so far
  bool all() const { return ended_; }        // whether that was all that there are

 private:
  Result<std::optional<pubkey::Anchor>> next();

  JournalLines lines_;
  std::size_t most_; // that are read
  std::size_t read_ = 0;
  bool ended_ = false;
};

} // namespace alk::alknetctl
