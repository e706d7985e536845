#include "alknet-secretd/counts.hpp"

namespace alk::secretd {

void Counts::call(std::string_view member, const Result<void>& result) {
  ++calls_[std::string(member)];
  if (!result) refusals_.add(result.error().kind);
}

static Metric gauge_of(const char* name, const char* help, std::uint64_t value) {
  return {name, "gauge", help, {{{}, value}}};
}

std::vector<Metric> Counts::metrics(const Now& now) const {
  Metric calls{"alknet_secretd_calls_total", "counter", "Calls that its table let through, by member", {}};
  for (const auto& [member, count] : calls_) calls.samples.push_back({{{"member", member}}, count});
  return {std::move(calls),
          {"alknet_secretd_refusals_total", "counter", "Errors that it answered with, by kind",
           refusals_.samples()},
          gauge_of("alknet_secretd_unlocked", "Whether the seed is there", now.unlocked),
          gauge_of("alknet_secretd_unattended", "Whether an enrolled credential unlocks at every start",
                   now.unattended),
          gauge_of("alknet_secretd_cached_keys", "Derived keys that are kept", now.cached_keys),
          gauge_of("alknet_secretd_locked_memory_bytes", "Memory for secrets, locked", now.locked_memory),
          gauge_of("alknet_secretd_used_memory_bytes", "Of that, what secrets are in", now.used_memory)};
}

} // namespace alk::secretd
