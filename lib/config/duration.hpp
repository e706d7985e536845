// Durations as text: a whole number and one of s, m, h, d.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace alk::config {

std::optional<std::chrono::seconds> parse_duration(std::string_view text); // "30s", "5m", "1h", "2d"
std::string duration_text(std::chrono::seconds duration); // with the largest unit that fits evenly

} // namespace alk::config
