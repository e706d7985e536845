#include "alknet-stored/sqlite/engine.hpp"

#include "alknet-stored/sqlite/files.hpp"
#include "alknet-stored/sqlite/migrate.hpp"

namespace alk::stored {

namespace {

// Tenants' databases are many and small: what 64 of them may cache in all is 256 MiB.
constexpr int tenant_cache_kib = 4 * 1024;

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(SqliteFiles files, SqliteOptions options) : files_(std::move(files)), options_(options) {}

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

 private:
  Result<std::unique_ptr<SqliteConnection>> connect(const std::string& path, const Place& place,
                                                    Access access) {
    SqliteOpening opening{path, access, place.is_system() ? 32 * 1024 : tenant_cache_kib, options_.vfs};
    ALK_TRY(auto connection, SqliteConnection::open(opening));
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
