// An open transaction, as the nouns see it: statements go in, rows come out. It knows no engine.
//
// Statements are constants of the program in SQL that every engine of ours accepts: parameters ?1, ?2, ...
// (never text put together from input), RETURNING, ON CONFLICT. No engine's functions, no blobs, no reals.
//
// Errors of every member:
//   Invalid   a text value is not UTF-8, holds a NUL byte or is longer than max_value; a CHECK or NOT NULL
//   Conflict  a unique value is taken, or a reference points to nothing or is still in use
//   Busy      another writer, or "storage full": the same may work later
//   Broken    read-only, I/O error, damaged file, wrong statement: ours or the machine's fault
// After any of them the transaction is of no more use: pass the error on, do not go on.
#pragma once

#include "alknet-stored/sql/value.hpp"
#include "base/result.hpp"

#include <functional>

namespace alk::stored {

// One value: a whole JSON Schema or the attributes of a node, far above any sane one.
inline constexpr std::size_t max_value = std::size_t{1} << 20;
// Rows that query() collects. Lists are asked for in pages; what may be longer is walked with each().
inline constexpr std::size_t max_rows = 10'000;

class Transaction {
 public:
  virtual ~Transaction() = default;

  // Every row. Broken when there are more than max_rows: the statement lacks a LIMIT.
  Result<Rows> query(std::string_view sql, const Values& values = {});
  // The first row, if there is one.
  Result<std::optional<Row>> find(std::string_view sql, const Values& values = {});
  // INSERT, UPDATE, DELETE; the answer is how many rows it touched (cascades not counted).
  Result<std::uint64_t> execute(std::string_view sql, const Values& values = {});
  // Row by row, in constant memory. `row` says whether to go on; its error ends the walk and is passed on. It
  // may run other statements meanwhile.
  using RowVisitor = std::function<Result<bool>(const Row& row)>;
  Result<void> each(std::string_view sql, const Values& values, const RowVisitor& row);

 protected:
  virtual Result<std::uint64_t> run(std::string_view sql, const Values& values, const RowVisitor* row) = 0;
};

// Every row as `read` understands it, or the first error of that.
template <class T>
Result<std::vector<T>> read_all(const Rows& rows, Result<T> (*read)(const Row& row)) {
  std::vector<T> all;
  for (const Row& row : rows) {
    ALK_TRY(T one, read(row));
    all.push_back(std::move(one));
  }
  return all;
}

} // namespace alk::stored
