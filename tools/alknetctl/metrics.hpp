// A server in numbers, as Prometheus reads them (text exposition format 0.0.4): what both daemons count, and
// their state. No label ever holds a destination or an address.
#pragma once

#include "admin.hpp"

#include <string>
#include <vector>

namespace alk::alknetctl {

// Everything that can be had; why alknet-listend tells nothing, if it does not.
Result<std::vector<Metric>> gather_metrics(Admin& admin);

// Of a server that is down: a collector has to see that, not that there is nothing to see.
std::vector<Metric> metrics_of_nothing();

// Metrics without a sample, or with a name that Prometheus would not take, are left out.
std::string exposition(const std::vector<Metric>& metrics);

} // namespace alk::alknetctl
