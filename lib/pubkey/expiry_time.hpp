// expiry-time= of sshd(8): YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in local time, or UTC when "Z" (or
// "UTC") follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace alk::pubkey {

using UnixSeconds = std::int64_t;

// Only dates that exist (sshd turns 31 February into March); nothing before 1970.
std::optional<UnixSeconds> parse_expiry_time(std::string_view text);

} // namespace alk::pubkey
