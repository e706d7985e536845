// The anchors of the audit log that alknet-stored left in the journal of this machine.
#pragma once

#include "base/result.hpp"
#include "pubkey/anchor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alk::alknetctl {

// Newest ones that are looked at. Between two of them nothing can have been written anew, so that older ones
// are only needed for what is older.
inline constexpr std::size_t max_journal_anchors = 1000;

// Of each entry in the output of `journalctl --output=json`; other lines are left out. What says that it is
// signed and is not in the form of that stays in, with a signature that is no one's.
std::vector<pubkey::Anchor> anchors_in(std::string_view journal);

// Errors: Unsupported (there is no journal to read here).
Result<std::vector<pubkey::Anchor>> read_journal_anchors();

} // namespace alk::alknetctl
