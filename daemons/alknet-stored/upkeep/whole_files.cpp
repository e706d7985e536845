#include "alknet-stored/upkeep/whole_files.hpp"

#include "alknet-stored/audit.hpp"
#include "base/fd.hpp"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

namespace alk::stored {

namespace {

constexpr std::size_t file_piece = 64 * 1024;

std::string database_name(const Place& place) {
  return place.is_system() ? "system" : "tenant-" + place.id();
}

Result<std::vector<Place>> all_places(Engine& engine) {
  ALK_TRY(auto system, engine.open(Place::system(), Access::Read));
  std::vector<std::string> ids;
  ALK_TRY_VOID(system->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(ids, tenant_ids(tables));
    return {};
  }));
  std::vector<Place> places = {Place::system()};
  for (const std::string& id : ids) {
    ALK_TRY(Place place, Place::tenant(id));
    places.push_back(std::move(place));
  }
  return places;
}

Result<std::int64_t> send_file(const Fd& file, const std::string& name, Report& report) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return fail_errno(errno, "a copy");
  const std::int64_t size = facts.st_size;
  ALK_TRY_VOID(report.line(JsonObject().add("file", name).add("bytes", size)));
  std::string piece(file_piece, '\0');
  for (std::int64_t left = size; left > 0;) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "reading a copy");
    if (count == 0 || count > left) return fail(Kind::Broken, "a copy changed its size");
    ALK_TRY_VOID(report.bytes({piece.data(), static_cast<std::size_t>(count)}));
    left -= count;
  }
  return size;
}

Result<std::vector<std::string>> audit_findings(Engine& engine, AuditReport& audit) {
  auto verified = [&]() -> Result<void> {
    ALK_TRY(auto system, engine.open(Place::system(), Access::Read));
    return system->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(audit, verify_audit(tables));
      return {};
    });
  }();
  std::vector<std::string> findings;
  if (!verified && verified.error().kind != Kind::Broken) return pass(std::move(verified).error());
  if (!verified) findings.push_back("it cannot be read: " + verified.error().what);
  if (verified && !audit.intact)
    findings.push_back("from row " + std::to_string(audit.broken_at) + " on: " + audit.problem);
  return findings;
}

Result<void> tell_findings(Report& report, const std::string& name, std::span<const std::string> findings) {
  return report.line(JsonObject().add("database", name).add("problems", findings));
}

} // namespace

Result<std::vector<std::string>> tenant_ids(Transaction& tables) {
  std::vector<std::string> ids;
  ALK_TRY_VOID(
      tables.each("SELECT id FROM organizations ORDER BY id", {}, [&](const Row& row) -> Result<bool> {
        ids.push_back(row.text(0));
        return true;
      }));
  return ids;
}

Result<JsonObject> back_up(Engine& engine, Report& report) {
  ALK_TRY(const std::vector<Place> places, all_places(engine));
  std::int64_t files = 0, bytes = 0;
  for (const Place& place : places) {
    ALK_TRY_VOID(report.begin(database_name(place)));
    auto copied = engine.copy(place, report);
    if (!copied && copied.error().kind == Kind::NotFound && !place.is_system()) continue; // has none
    if (!copied) return pass(std::move(copied).error(), database_name(place));
    ALK_TRY(const std::int64_t size, send_file(*copied, database_name(place) + ".db", report));
    ++files;
    bytes += size;
  }
  return JsonObject().add("files", files).add("bytes", bytes);
}

Result<JsonObject> check_all(Engine& engine, Report& report) {
  // A damaged system database may not say whose else there are; then it is the one that counts.
  std::vector<Place> places = {Place::system()};
  auto known = all_places(engine);
  if (known) places = std::move(*known);
  if (!known && known.error().kind != Kind::Broken) return pass(std::move(known).error());
  std::int64_t databases = 0, problems = 0;
  for (const Place& place : places) {
    ALK_TRY_VOID(report.begin(database_name(place)));
    auto found = engine.inspect(place, report);
    if (!found && found.error().kind == Kind::NotFound && !place.is_system()) continue;
    if (!found) return pass(std::move(found).error(), database_name(place));
    ALK_TRY_VOID(tell_findings(report, database_name(place), *found));
    ++databases;
    problems += static_cast<std::int64_t>(found->size());
  }
  AuditReport audit;
  ALK_TRY_VOID(report.begin("audit log"));
  ALK_TRY(const auto broken, audit_findings(engine, audit));
  ALK_TRY_VOID(tell_findings(report, "audit log", broken));
  problems += static_cast<std::int64_t>(broken.size());
  return JsonObject()
      .add("databases", databases)
      .add("problems", problems)
      .add("audit_rows", audit.rows)
      .add("audit_head", anchor_text(audit.head));
}

} // namespace alk::stored
