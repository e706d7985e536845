// Any bytes as a line of a dump: no crash, every value within its bounds, and what was read and written again
// is read as the same.
#include "alknet-stored/upkeep/dump_line.hpp"

#include <cstdlib>

using namespace alk::stored;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto parsed = parse_dump_line({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    if (parsed.error().kind != alk::Kind::Invalid) std::abort();
    return 0;
  }
  const auto* row = std::get_if<DumpRow>(&*parsed);
  if (row == nullptr) return 0;
  if (row->table == nullptr || row->values.size() != row->table->columns.size()) std::abort();
  for (std::size_t i = 0; i < row->values.size(); ++i) {
    const Value& value = row->values[i];
    if (value.is_null() && !row->table->columns[i].nullable) std::abort();
    if (value.text() != nullptr && value.text()->size() > max_value) std::abort();
  }
  std::string line = dump_row_line(*row->table, Row(row->values));
  line.pop_back();
  if (line.find('\n') != line.npos) std::abort();
  auto again = parse_dump_line(line);
  if (!again || std::get<DumpRow>(*again).values != row->values) std::abort();
  return 0;
}
