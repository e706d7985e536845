#include "format.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace alk::alknetctl {

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      out << row[i];
      if (i + 1 < widths.size()) out << std::string(widths[i] - row[i].size() + 2, ' ');
    }
    out << '\n';
  }
}

std::string duration_text(std::uint64_t seconds) {
  constexpr std::uint64_t minute = 60;
  constexpr std::uint64_t hour = 60 * minute;
  constexpr std::uint64_t day = 24 * hour;
  auto two = [](std::uint64_t large, const char* unit, std::uint64_t small, const char* small_unit) {
    return std::to_string(large) + unit + " " + std::to_string(small) + small_unit;
  };
  if (seconds >= day) return two(seconds / day, "d", seconds % day / hour, "h");
  if (seconds >= hour) return two(seconds / hour, "h", seconds % hour / minute, "m");
  if (seconds >= minute) return two(seconds / minute, "m", seconds % minute, "s");
  return std::to_string(seconds) + "s";
}

std::string age_text(std::uint64_t then, std::uint64_t now) {
  return then == 0 || then > now ? "-" : duration_text(now - then);
}

std::string cell(std::string_view text) {
  return text.empty() ? "-" : escape_token(text);
}

std::vector<std::string> printable_lines(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::vector<std::string> lines;
  for (std::string_view line : split(text, '\n')) {
    std::string safe;
    for (char c : line) {
      auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7f) {
        safe += c;
      } else {
        safe += "\\x";
        safe += digits[byte >> 4];
        safe += digits[byte & 15];
      }
    }
    if (!safe.empty()) lines.push_back(std::move(safe));
  }
  return lines;
}

std::string words_cell(std::string_view text) {
  std::string words;
  for (const std::string& line : printable_lines(text)) words += (words.empty() ? "" : " ") + line;
  return words.empty() ? "-" : words;
}

std::string address_text(const std::string& host, std::uint16_t port) {
  if (host.empty()) return "-";
  bool v6 = host.find(':') != std::string::npos;
  return cell((v6 ? "[" + host + "]" : host) + ":" + std::to_string(port));
}

} // namespace alk::alknetctl
