#include "http_time.hpp"

#include <array>

namespace alk::listend {

namespace {

constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<unsigned, 12> month_days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<unsigned> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    unsigned value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  std::optional<unsigned> month() {
    if (rest_.size() < 3) return std::nullopt;
    const char second = rest_[1];
    const char third = rest_[2];
    std::optional<unsigned> found;
    switch (rest_[0]) {
    case 'J': found = second == 'a' ? 0 : third == 'n' ? 5 : 6; break;
    case 'F': found = 1; break;
    case 'M': found = third == 'r' ? 2 : 4; break;
    case 'A': found = second == 'p' ? 3 : 7; break;
    case 'S': found = 8; break;
    case 'O': found = 9; break;
    case 'N': found = 10; break;
    case 'D': found = 11; break;
    default: break;
    }
    rest_.remove_prefix(3);
    return found;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct Parts {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool scan_clock(Scanner& scanner, Parts& parts) {
  const auto hour = scanner.digits(2);
  if (!hour || !scanner.skip(':')) return false;
  const auto minute = scanner.digits(2);
  if (!minute || !scanner.skip(':')) return false;
  const auto second = scanner.digits(2);
  if (!second) return false;
  parts.hour = *hour;
  parts.minute = *minute;
  parts.second = *second;
  return true;
}

// "06 Nov 1994 08:49:37" or "06-Nov-94 08:49:37"
bool scan_day_first(Scanner& scanner, Parts& parts) {
  const auto day = scanner.digits(2);
  if (!day) return false;
  const bool dashes = scanner.skip('-');
  if (!dashes && !scanner.skip(' ')) return false;
  const auto month = scanner.month();
  if (!month || !scanner.skip(dashes ? '-' : ' ')) return false;
  const auto year = scanner.digits(dashes ? 2 : 4);
  if (!year || !scanner.skip(' ')) return false;
  parts.day = *day;
  parts.month = *month;
  parts.year = dashes ? *year + (*year < 70 ? 2000 : 1900) : *year;
  return scan_clock(scanner, parts);
}

// "Nov  6 08:49:37 1994"
bool scan_month_first(Scanner& scanner, Parts& parts) {
  const auto month = scanner.month();
  if (!month || !scanner.skip(' ')) return false;
  scanner.skip(' ');
  auto day = scanner.digits(2);
  if (!day) day = scanner.digits(1);
  if (!day || !scanner.skip(' ')) return false;
  parts.month = *month;
  parts.day = *day;
  if (!scan_clock(scanner, parts) || !scanner.skip(' ')) return false;
  const auto year = scanner.digits(4);
  if (!year) return false;
  parts.year = *year;
  return true;
}

bool possible(const Parts& parts) {
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 59) return false;
  if (parts.day == 29 && parts.month == 1)
    return parts.year % 4 == 0 && (parts.year % 100 != 0 || parts.year % 400 == 0);
  return parts.day <= month_days[parts.month];
}

} // namespace

std::string format_http_time(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %4d %02d:%02d:%02d GMT",
                days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

std::optional<std::time_t> parse_http_time(std::string_view text) {
  const auto mark = text.find_first_of(", ");
  const bool month_first = mark != std::string_view::npos && text[mark] == ' ';
  auto rest = text.substr(std::min(text.size(), mark == std::string_view::npos ? text.size() : mark + 1));
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  constexpr std::size_t shortest = 18;
  if (rest.size() < shortest) return std::nullopt;
  Scanner scanner(rest);
  Parts parts;
  if (!(month_first ? scan_month_first(scanner, parts) : scan_day_first(scanner, parts))) return std::nullopt;
  if (!possible(parts)) return std::nullopt;
  std::tm broken{};
  broken.tm_year = static_cast<int>(parts.year) - 1900;
  broken.tm_mon = static_cast<int>(parts.month);
  broken.tm_mday = static_cast<int>(parts.day);
  broken.tm_hour = static_cast<int>(parts.hour);
  broken.tm_min = static_cast<int>(parts.minute);
  broken.tm_sec = static_cast<int>(parts.second);
  return ::timegm(&broken);
}

} // namespace alk::listend
