#include "config/duration.hpp"

#include "base/text.hpp"

namespace alk::config {

struct Unit {
  char letter;
  std::uint32_t seconds;
};

static constexpr Unit units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
static constexpr std::uint64_t number_limit = 1'000'000'000; // far above every range, far below overflow

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  for (auto unit : units) {
    if (!text.ends_with(unit.letter)) continue;
    auto number = parse_number(text.substr(0, text.size() - 1));
    if (!number || *number > number_limit) return std::nullopt;
    return std::chrono::seconds(*number * unit.seconds);
  }
  return std::nullopt;
}

std::string duration_text(std::chrono::seconds duration) {
  for (auto unit : units)
    if (duration.count() != 0 && duration.count() % unit.seconds == 0)
      return std::to_string(duration.count() / unit.seconds) + unit.letter;
  return "0s";
}

} // namespace alk::config
