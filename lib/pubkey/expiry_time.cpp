#include "pubkey/expiry_time.hpp"

#include "base/text.hpp"

#include <chrono>
#include <ctime>

namespace alk::pubkey {

namespace {

struct Fields {
  int year, month, day, hour = 0, minute = 0, second = 0;

  bool exists() const {
    using namespace std::chrono;
    year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                        std::chrono::day(static_cast<unsigned>(day))};
    return date.ok() && hour < 24 && minute < 60 && second < 60;
  }
};

// Takes the zone mark off the end.
bool take_utc(std::string_view& text) {
  std::string lower = to_lower(text);
  for (std::string_view mark : {"z", "utc"}) {
    if (!lower.ends_with(mark)) continue;
    text.remove_suffix(mark.size());
    return true;
  }
  return false;
}

std::optional<Fields> read_fields(std::string_view digits) {
  if (digits.size() != 8 && digits.size() != 12 && digits.size() != 14) return std::nullopt;
  if (!parse_number(digits)) return std::nullopt;
  auto number = [&](std::size_t at, std::size_t length) {
    return at < digits.size() ? static_cast<int>(*parse_number(digits.substr(at, length))) : 0;
  };
  Fields fields{number(0, 4), number(4, 2), number(6, 2), number(8, 2), number(10, 2), number(12, 2)};
  if (!fields.exists()) return std::nullopt;
  return fields;
}

} // namespace

std::optional<UnixSeconds> parse_expiry_time(std::string_view text) {
  bool utc = take_utc(text);
  auto fields = read_fields(text);
  if (!fields) return std::nullopt;
  std::tm broken{};
  broken.tm_year = fields->year - 1900;
  broken.tm_mon = fields->month - 1;
  broken.tm_mday = fields->day;
  broken.tm_hour = fields->hour;
  broken.tm_min = fields->minute;
  broken.tm_sec = fields->second;
  // -1 lets the C library find out about daylight saving; sshd's 0 lets a key live an hour longer in summer.
  broken.tm_isdst = -1;
  std::time_t moment = utc ? ::timegm(&broken) : std::mktime(&broken);
  if (moment <= 0) return std::nullopt;
  return moment;
}

} // namespace alk::pubkey
