#include "alknet-stored/sql/transaction.hpp"

#include "base/text.hpp"

namespace alk::stored {

namespace {

Result<void> check_values(const Values& values) {
  for (const Value& value : values) {
    const std::string* text = value.text();
    if (text == nullptr) continue;
    if (text->size() > max_value) return fail(Kind::Invalid, "a value is longer than 1 MiB");
    if (!is_utf8(*text)) return fail(Kind::Invalid, "a value is not UTF-8 text, or holds a NUL byte");
  }
  return {};
}

} // namespace

Result<Rows> Transaction::query(std::string_view sql, const Values& values) {
  Rows rows;
  ALK_TRY_VOID(each(sql, values, [&](const Row& row) -> Result<bool> {
    if (rows.size() == max_rows)
      return fail(Kind::Broken, "a statement without a limit: " + std::string(sql));
    rows.push_back(row);
    return true;
  }));
  return rows;
}

Result<std::optional<Row>> Transaction::find(std::string_view sql, const Values& values) {
  std::optional<Row> found;
  ALK_TRY_VOID(each(sql, values, [&](const Row& row) -> Result<bool> {
    if (!found) found = row;
    return true; // to the end: an INSERT with RETURNING has to be finished
  }));
  return found;
}

Result<std::uint64_t> Transaction::execute(std::string_view sql, const Values& values) {
  ALK_TRY_VOID(check_values(values));
  return run(sql, values, nullptr);
}

Result<void> Transaction::each(std::string_view sql, const Values& values, const RowVisitor& row) {
  ALK_TRY_VOID(check_values(values));
  ALK_TRY_VOID(run(sql, values, &row));
  return {};
}

} // namespace alk::stored
