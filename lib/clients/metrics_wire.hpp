// GetMetrics, which every daemon offers under its own interface: a(sssa(a{ss}t)).
#pragma once

#include "base/metric.hpp"
#include "bus/blocking.hpp"

#include <span>

namespace alk::clients {

inline constexpr const char* metrics_type = "a(sssa(a{ss}t))"; // name, type, help, samples

void write_metrics(bus::Message& out, std::span<const Metric> metrics);
Result<std::vector<Metric>> read_metrics(bus::Message& in);

// Asks a daemon that runs; Gone when it does not. No event loop: for command-line tools.
Result<std::vector<Metric>> ask_metrics(bus::BlockingConnection& connection, const bus::Destination& daemon);

} // namespace alk::clients
