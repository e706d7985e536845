#include "alknet-stored/upkeep/dump.hpp"

#include "alknet-stored/upkeep/dump_line.hpp"
#include "alknet-stored/upkeep/whole_files.hpp"
#include "base/version.hpp"

namespace alk::stored {

namespace {

class Dump {
 public:
  Dump(Engine& engine, Report& report) : engine_(engine), report_(report) {}

  // In the transaction of the system's database, so that all of it is of one moment.
  Result<void> run(Transaction& tables, std::int64_t now) {
    if (std::exchange(begun_, true)) return fail(Kind::Busy, "another change came in between");
    ALK_TRY_VOID(report_.bytes(dump_header_line({dump_version, std::string(version()), now})));
    ALK_TRY(const std::vector<std::string> ids, tenant_ids(tables));
    for (const std::string& id : ids) ALK_TRY_VOID(write_tenant(id));
    ALK_TRY_VOID(write_database(tables, Place::system()));
    return report_.bytes(dump_end_line({rows_}));
  }
  std::int64_t rows() const { return rows_; }

 private:
  Result<void> write_tenant(const std::string& id) {
    ALK_TRY(const Place place, Place::tenant(id));
    auto opened = engine_.open(place, Access::Read);
    if (!opened && opened.error().kind == Kind::NotFound) return {}; // has no graphs
    if (!opened) return pass(std::move(opened).error());
    bool begun = false;
    return (*opened)->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      if (std::exchange(begun, true)) return fail(Kind::Busy, "another change came in between");
      return write_database(tables, place);
    });
  }

  Result<void> write_database(Transaction& tables, const Place& place) {
    ALK_TRY_VOID(report_.begin(place.is_system() ? "system" : "tenant-" + place.id()));
    ALK_TRY_VOID(report_.bytes(dump_section_line(place)));
    for (const DumpTable& table : dump_tables())
      if (table.of_tenants || place.is_system()) ALK_TRY_VOID(write_table(tables, table));
    return {};
  }

  // In pages: no statement is under way while the reader is waited for.
  Result<void> write_table(Transaction& tables, const DumpTable& table) {
    Values last;
    for (std::size_t column : table.key) {
      const bool number = table.columns[column].holds == Holds::Number;
      last.push_back(number ? Value(INT64_MIN) : Value(""));
    }
    for (;;) {
      ALK_TRY(const Rows rows, tables.query(table.page, last));
      for (const Row& row : rows) ALK_TRY_VOID(write_row(table, row));
      if (rows.size() < rows_per_page) return {};
      for (std::size_t i = 0; i < last.size(); ++i) last[i] = value_of(table, rows.back(), table.key[i]);
    }
  }

  static Value value_of(const DumpTable& table, const Row& row, std::size_t column) {
    if (table.columns[column].holds == Holds::Number) return row.integer(column);
    return row.text(column);
  }

  Result<void> write_row(const DumpTable& table, const Row& row) {
    const std::string line = dump_row_line(table, row);
    if (line.size() > max_dump_line) return fail(Kind::Invalid, "a row of " + table.name + " is too long");
    ++rows_;
    ALK_TRY_VOID(report_.bytes(line));
    return report_.tell(static_cast<std::uint64_t>(rows_), 0);
  }

  Engine& engine_;
  Report& report_;
  std::int64_t rows_ = 0;
  bool begun_ = false;
};

} // namespace

Result<JsonObject> dump_all(Engine& engine, Report& report, std::int64_t now) {
  ALK_TRY(auto system, engine.open(Place::system(), Access::Read));
  Dump dump(engine, report);
  ALK_TRY_VOID(system->transact(Access::Read, [&](Transaction& tables) { return dump.run(tables, now); }));
  return JsonObject().add("rows", dump.rows());
}

} // namespace alk::stored
