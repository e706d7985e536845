// What a dump holds: every table of sql/schema.cpp whose rows outlive a restart, in an order in which each
// row finds those that it refers to.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alk::stored {

enum class Holds { Text, Json, Number }; // Json: text that has to be JSON

struct DumpColumn {
  std::string name;
  Holds holds = Holds::Text;
  bool nullable = false;
};

struct DumpTable {
  std::string name;
  std::vector<DumpColumn> columns;
  std::vector<std::size_t> key; // columns that tell its rows apart, by which they are ordered
  bool of_tenants = false;      // else of the system alone
  std::size_t later = SIZE_MAX; // a column that may refer to a row of the same table that comes later
  std::string page, insert,
      set_later; // the statements: a page after ?1 (and ?2), a row, `later` = ?2 of id ?1
};

// Rows of one page: each may have several values of 1 MiB.
inline constexpr int rows_per_page = 64;

std::span<const DumpTable> dump_tables();
const DumpTable* find_dump_table(std::string_view name); // nullptr: there is none

} // namespace alk::stored
