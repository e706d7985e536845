// Text for people: aligned columns, durations, safe words.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace alk::alknetctl {

// Columns as wide as their widest cell, two spaces between, nothing behind the last. Cells are ASCII.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) {
    rows_.push_back(std::move(row));
  } // as many cells as the header has
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "45s", "12m 5s", "3h 12m", "6d 4h"
std::string duration_text(std::uint64_t seconds);

// Time since `then`; "-" when it is unknown (0) or in the future.
std::string age_text(std::uint64_t then, std::uint64_t now);

// A value that may come from a peer or be missing: escaped for a terminal, "-" for nothing.
std::string cell(std::string_view text);

// The same for words of an administrator's own file: blanks, quotes and '=' stay.
std::string words_cell(std::string_view text);

// Text of several lines, such as the messages of a failed reload: each line escaped for a terminal, spaces
// kept.
std::vector<std::string> printable_lines(std::string_view text);

// "127.0.0.1:22", "[::1]:22"
std::string address_text(const std::string& host, std::uint16_t port);

} // namespace alk::alknetctl
