// A dump is lines of JSON: a header, then each database with its rows, the system's last, then how many rows
// there were. What is not known is an error: a row that lost something must not be restored.
//   {"alknet_dump":1,"release":"1.2.3","made_at":1700000000}
//   {"database":"tenant-ID"} or {"database":"system"}
//   {"table":"accounts","row":{"id":"...", ...}}       NULL is left out
//   {"end":7}
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "alknet-stored/upkeep/dump_tables.hpp"

#include <variant>

namespace alk::stored {

inline constexpr std::int64_t dump_version = 1;
// One row: several values of max_value, every byte of which may have become two.
inline constexpr std::size_t max_dump_line = std::size_t{16} << 20;

struct DumpHeader {
  std::int64_t version = dump_version;
  std::string release;      // of the program that made it
  std::int64_t made_at = 0; // Unix seconds
};
struct DumpSection {
  Place place = Place::system();
};
struct DumpRow {
  const DumpTable* table = nullptr;
  Values values; // as the columns are
};
struct DumpEnd {
  std::int64_t rows = 0;
};
using DumpLine = std::variant<DumpHeader, DumpSection, DumpRow, DumpEnd>;

// Without the line's end. Invalid: with a JSON pointer to what is wrong.
Result<DumpLine> parse_dump_line(std::string_view line);

// With the line's end.
std::string dump_header_line(const DumpHeader& header);
std::string dump_section_line(const Place& place);
std::string dump_row_line(const DumpTable& table, const Row& row);
std::string dump_end_line(const DumpEnd& end);

} // namespace alk::stored
