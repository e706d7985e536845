// What a newcomer's server lacks, and the command that mends it.
#pragma once

#include "admin.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace alk::alknetctl {

// A certificate that nobody has renewed by then is about to be forgotten; certbot renews 30 days ahead.
inline constexpr std::uint64_t renewal_days = 14;

struct Advice {
  std::string problem;
  std::string command; // for a shell; empty when no single command mends it
};

// `now`: Unix seconds. Commands are for the server at `place`.
std::vector<Advice> advise(const clients::ListenStatus& status, const Result<AuthInfo>& auth,
                           const Place& place, std::uint64_t now);

// When alknet-listend does not answer at all.
std::vector<Advice> advise_absence(const Place& place);

// "until 2027-01-15, 403 days" or "expired on 2026-01-02, 12 days ago"; UTC.
std::string validity_text(const clients::Certificate& certificate, std::uint64_t now);

} // namespace alk::alknetctl
