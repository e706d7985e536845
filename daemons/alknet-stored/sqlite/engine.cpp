#include "alknet-stored/sqlite/engine.hpp"

#include "alknet-stored/sqlite/copy.hpp"
#include "alknet-stored/sqlite/files.hpp"
#include "alknet-stored/sqlite/migrate.hpp"

namespace alk::stored {

namespace {

// Tenants' databases are many and small: what 64 of them may cache in all is 256 MiB.
constexpr int tenant_cache_kib = 4 * 1024;

// Damage is no secret of ours: whoever wants a copy is told.
Failure unreadable(Error error) {
  if (error.kind != Kind::Broken) return pass(std::move(error));
  error.trail.push_back(std::move(error.what));
  error.kind = Kind::Conflict;
  error.what = "the database is damaged or cannot be read: see `alknetctl store check`";
  return pass(std::move(error));
}

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(SqliteFiles files, SqliteOptions options) : files_(std::move(files)), options_(options) {
    files_.drop_scratch(); // what a kill in the middle of a copy has left
  }

  std::string name() const override { return std::string("SQLite ") + sqlite3_libversion(); }

  Result<std::unique_ptr<Connection>> open(const Place& place, Access access) override {
    auto path = files_.find(place);
    if (!path && path.error().kind == Kind::NotFound && place.is_system() && access == Access::Write) {
      ALK_TRY_VOID(files_.make(place));
      path = files_.find(place);
    }
    if (!path) return pass(std::move(path).error());
    ALK_TRY(auto connection, connect(*path, place, access));
    return std::unique_ptr<Connection>(std::move(connection));
  }

  Result<void> make_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    ALK_TRY_VOID(files_.make(place));
    ALK_TRY_VOID(open(place, Access::Write));
    return {};
  }

  Result<void> retire_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    // After an unclean end the log is still beside the file: opening and closing takes it in.
    ALK_TRY_VOID(open(place, Access::Write));
    return files_.retire(place);
  }

  Result<void> erase_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    return files_.erase(place);
  }

  Result<void> require_files() const override { return {}; }

  Result<std::vector<std::string>> inspect(const Place& place, Progress& progress) override {
    ALK_TRY(const std::string path, files_.find(place));
    return inspect_database(opening(path, place, Access::Read), progress);
  }

  Result<Fd> copy(const Place& place, Progress& progress) override {
    ALK_TRY(const std::string path, files_.find(place));
    ALK_TRY(const std::string scratch, files_.make_scratch());
    Result<Fd> copied = copy_to(scratch, opening(path, place, Access::Read), progress);
    if (!copied) files_.drop_scratch();
    return copied;
  }

  Result<std::uint64_t> size(Transaction&) const override { return files_.bytes(); }

 private:
  SqliteOpening opening(const std::string& path, const Place& place, Access access) const {
    return {path, access, place.is_system() ? 32 * 1024 : tenant_cache_kib, options_.vfs};
  }

  Result<Fd> copy_to(const std::string& scratch, const SqliteOpening& source, Progress& progress) {
    if (auto copied = copy_database(source, scratch, progress); !copied)
      return unreadable(std::move(copied).error());
    SqliteOpening copy = source;
    copy.path = scratch;
    ALK_TRY(const auto findings, inspect_database(copy, progress));
    if (!findings.empty()) return unreadable({Kind::Broken, findings.front(), Where::here(), {}});
    return files_.take_scratch();
  }

  Result<std::unique_ptr<SqliteConnection>> connect(const std::string& path, const Place& place,
                                                    Access access) {
    ALK_TRY(auto connection, SqliteConnection::open(opening(path, place, access)));
    auto schema = place.is_system() ? system_schema() : tenant_schema();
    ALK_TRY_VOID(access == Access::Write ? migrate(*connection, schema)
                                         : require_schema(*connection, schema));
    return connection;
  }

  const SqliteFiles files_;
  const SqliteOptions options_;
};

} // namespace

Result<std::unique_ptr<Engine>> make_sqlite_engine(const std::string& directory, SqliteOptions options) {
  ALK_TRY(SqliteFiles files, SqliteFiles::open(directory));
  return std::unique_ptr<Engine>(std::make_unique<SqliteEngine>(std::move(files), options));
}

} // namespace alk::stored
