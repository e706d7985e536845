#include "alknet-stored/upkeep/restore.hpp"

#include "alknet-stored/audit.hpp"
#include "alknet-stored/upkeep/dump_line.hpp"
#include "alknet-stored/upkeep/dump_reader.hpp"
#include "alknet-stored/upkeep/traces.hpp"

#include <memory>
#include <utility>

namespace alk::stored {

namespace {

constexpr const char* fresh_content[] = {
    "DELETE FROM edges",         "DELETE FROM nodes",
    "DELETE FROM graphs",        "DELETE FROM edge_types",
    "DELETE FROM node_types",    "DELETE FROM graph_types",
    "DELETE FROM stream_events", "DELETE FROM stream_consumers",
    "DELETE FROM notifications", "DELETE FROM counters",
};

// A counter below what it has numbered would number twice.
constexpr std::pair<const char*, const char*> numbered_by[] = {
    {"stream", "SELECT coalesce(max(position), 0) FROM stream_events"},
    {"job", "SELECT coalesce(max(id), 0) FROM jobs"},
    {"job", "SELECT coalesce(max(id), 0) FROM dead_jobs"},
    {"notification", "SELECT 0"},
    {"audit", "SELECT 0"},
    {"revision", "SELECT 0"},
};

Result<void> require_empty(Transaction& tables) {
  ALK_TRY(const std::string content, content_of(tables));
  if (content.empty()) return {};
  return fail(Kind::Conflict, "the storage is not empty, it has " + content +
                                  ": a dump is restored into one that nobody has used yet");
}

Result<void> check_counters(Transaction& tables) {
  for (const auto& [name, sql] : numbered_by) {
    ALK_TRY(auto counter, tables.find("SELECT value FROM counters WHERE name = ?1", {name}));
    ALK_TRY(auto most, tables.find(sql));
    if (!counter || counter->integer(0) < 0 || (most && counter->integer(0) < most->integer(0)))
      return fail(Kind::Invalid, std::string("the counter \"") + name + "\" is missing or too low");
  }
  return {};
}

class Restore {
 public:
  Restore(Engine& engine, Report& report, Pipe source, const Act& act)
      : engine_(engine), report_(report), lines_(std::move(source)), act_(act) {}

  Result<JsonObject> run() {
    ALK_TRY(auto system, engine_.open(Place::system(), Access::Write));
    ALK_TRY_VOID(system->transact(Access::Read, [](Transaction& tables) { return require_empty(tables); }));
    ALK_TRY_VOID(settle_tenants(engine_));
    ALK_TRY(auto filling, engine_.begin_filling());
    ALK_TRY_VOID(fill_all(*filling));
    return JsonObject()
        .add("rows", rows_)
        .add("audit_rows", audit_.rows)
        .add("audit_head", anchor_text(audit_.head));
  }

 private:
  Result<void> fill_all(Filling& filling) {
    ALK_TRY_VOID(lines_.require_header());
    for (;;) {
      ALK_TRY(const DumpLine line, lines_.next());
      const auto* section = std::get_if<DumpSection>(&line);
      if (section == nullptr) return lines_.wrong("a database has to begin here");
      ALK_TRY_VOID(report_.begin(section->place.is_system() ? "system" : "tenant-" + section->place.id()));
      if (section->place.is_system())
        return filling.system(once([&](Transaction& tables) { return fill_system(tables); }));
      ALK_TRY_VOID(fill_tenant(filling, section->place));
    }
  }

  // The lines cannot be read a second time.
  static Work once(Work work) {
    auto begun = std::make_shared<bool>(false);
    return [begun, work = std::move(work)](Transaction& tables) -> Result<void> {
      if (std::exchange(*begun, true)) return fail(Kind::Busy, "another change came in between");
      return work(tables);
    };
  }

  Result<void> fill_tenant(Filling& filling, const Place& place) {
    bool begun = false;
    auto filled = filling.tenant(place, once([&](Transaction& tables) -> Result<void> {
                                   begun = true;
                                   ALK_TRY_VOID(clear(tables));
                                   ALK_TRY_VOID(fill(tables, place));
                                   return lines_.located(check_counters(tables));
                                 }));
    if (!filled && !begun && filled.error().kind == Kind::Conflict)
      return fail(Kind::Conflict,
                  "there are graphs of an organisation that the storage does not know, tenant-" + place.id() +
                      ": take them away first");
    tenants_.push_back(place);
    return filled;
  }

  Result<void> fill_system(Transaction& tables) {
    ALK_TRY_VOID(require_empty(tables)); // nobody has come in between
    ALK_TRY_VOID(clear(tables));
    ALK_TRY_VOID(fill(tables, Place::system()));
    ALK_TRY_VOID(lines_.require_end(rows_));
    ALK_TRY_VOID(lines_.located(check_counters(tables)));
    for (const Place& place : tenants_) {
      ALK_TRY(auto owner, tables.find("SELECT 1 FROM organizations WHERE id = ?1", {place.id()}));
      if (!owner) return fail(Kind::Invalid, "the dump has graphs of an organisation that it does not have");
    }
    ALK_TRY(audit_, verify_audit(tables));
    if (!audit_.intact)
      return fail(Kind::Invalid, "the audit log is not intact from row " + std::to_string(audit_.broken_at) +
                                     " on: " + audit_.problem);
    ALK_TRY_VOID(note_restoring(tables, act_, rows_));
    ++audit_.rows;
    ALK_TRY(audit_.head, audit_head(tables));
    return {};
  }

  static Result<void> clear(Transaction& tables) {
    for (const char* sql : fresh_content) ALK_TRY_VOID(tables.execute(sql));
    return {};
  }

  // The rows of one database, up to what is none.
  Result<void> fill(Transaction& tables, const Place& place) {
    std::vector<std::pair<const DumpTable*, Values>> later;
    for (;;) {
      ALK_TRY(const DumpLine* line, lines_.peek());
      const auto* row = std::get_if<DumpRow>(line);
      if (row == nullptr) break;
      if (!row->table->of_tenants && !place.is_system())
        return lines_.wrong("/table: it is in the system's database alone");
      ALK_TRY_VOID(put(tables, *row, later));
      lines_.drop();
      ALK_TRY_VOID(report_.tell(static_cast<std::uint64_t>(++rows_), 0));
    }
    for (const auto& [table, values] : later) ALK_TRY_VOID(tables.execute(table->set_later, values));
    return {};
  }

  Result<void> put(Transaction& tables, const DumpRow& row,
                   std::vector<std::pair<const DumpTable*, Values>>& later) {
    Values values = row.values;
    const std::size_t column = row.table->later;
    if (column < values.size() && !values[column].is_null()) {
      later.emplace_back(row.table, Values{values[0], values[column]});
      values[column] = Value();
    }
    auto inserted = tables.execute(row.table->insert, values);
    if (inserted) return {};
    const Kind kind = inserted.error().kind;
    if (kind != Kind::Conflict && kind != Kind::Invalid) return pass(std::move(inserted).error());
    return lines_.wrong("/row: " + inserted.error().what);
  }

  Engine& engine_;
  Report& report_;
  DumpReader lines_;
  const Act act_;
  std::vector<Place> tenants_; // that are in the dump
  std::int64_t rows_ = 0;
  AuditReport audit_;
};

} // namespace

Result<void> settle_tenants(Engine& engine) {
  return engine.settle([&engine](const Place& place) -> Result<bool> {
    ALK_TRY(auto system, engine.open(Place::system(), Access::Read));
    bool known = false;
    ALK_TRY_VOID(system->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto row, tables.find("SELECT 1 FROM organizations WHERE id = ?1", {place.id()}));
      known = row.has_value();
      return {};
    }));
    return known;
  });
}

Result<JsonObject> restore_all(Engine& engine, Report& report, Pipe source, const Act& act) {
  return Restore(engine, report, std::move(source), act).run();
}

} // namespace alk::stored
