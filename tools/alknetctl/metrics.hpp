// The state of a server as Prometheus reads it (text exposition format 0.0.4): gauges alone. No label ever
// holds a destination or an address.
#pragma once

#include "admin.hpp"

#include <map>
#include <string>
#include <vector>

namespace alk::alknetctl {

// Each label value is a time series that Prometheus keeps: identities beyond these count as "other" together.
inline constexpr std::size_t most_identities = 100;
inline constexpr const char* other_identities = "other";

struct Gauge {
  struct Sample {
    std::map<std::string, std::string> labels;
    std::uint64_t value = 0;
  };
  const char* name;
  const char* help;
  std::vector<Sample> samples;
};

std::vector<Gauge> gauges(const clients::ListenStatus& status,
                          const std::vector<clients::SessionInfo>& sessions, const Result<AuthInfo>& auth);

// Gauges without a sample are left out.
std::string exposition(const std::vector<Gauge>& gauges);

} // namespace alk::alknetctl
