// One HTTP request on a connected socket, answered with the metrics: what alknet-metrics@.service does.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace alk::alknetctl {

// For all that the peer does: its request, taking the answer, ending.
inline constexpr std::chrono::seconds http_patience{5};

// `text` gives the metrics; it is asked only when somebody wants them. A peer that says nothing, or too
// slowly, gets nothing. Errors: Invalid (not a socket), Gone (the peer left); the error of `text` after a
// 503.
Result<void> serve_metrics(int socket, const std::function<Result<std::string>()>& text,
                           std::chrono::milliseconds patience = http_patience);

} // namespace alk::alknetctl
