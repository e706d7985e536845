#include "alknet-stored/sqlite/engine.hpp"

#include "alknet-stored/sqlite/copy.hpp"
#include "alknet-stored/sqlite/files.hpp"
#include "alknet-stored/sqlite/migrate.hpp"
#include "alknet-stored/sqlite/no_wait.hpp"

#include <mutex>
#include <vector>

namespace alk::stored {

namespace {

// Tenants' databases are many and small: what 64 of them may cache in all is 256 MiB.
constexpr int tenant_cache_kib = 4 * 1024;
// What is read at once is in the machine's memory already: this only saves asking for it.
constexpr int at_once_cache_kib = 4 * 1024;

// Damage is no secret of ours: whoever wants a copy is told.
Failure unreadable(Error error) {
  if (error.kind != Kind::Broken) return pass(std::move(error));
  error.trail.push_back(std::move(error.what));
  error.kind = Kind::Conflict;
  error.what = "the database is damaged or cannot be read: see `alknetctl store check`";
  return pass(std::move(error));
}

// Tenants are filled under names that no Place has. The system's commit decides: from then on its rows name
// them, and whatever happens in between, settle() gives them their own names.
class SqliteFilling final : public Filling {
 public:
  struct Steps {
    std::function<Result<std::unique_ptr<Connection>>(const Place&)> open;
    std::function<Result<void>(const Place&)> finish, drop, require_closed;
  };

  explicit SqliteFilling(Steps steps) : steps_(std::move(steps)) {}
  ~SqliteFilling() override {
    if (decided_) return;
    for (const Place& place : places_) (void)steps_.drop(place);
  }
  SqliteFilling(const SqliteFilling&) = delete;
  SqliteFilling& operator=(const SqliteFilling&) = delete;

  Result<void> tenant(const Place& place, const Work& work) override {
    {
      ALK_TRY(auto database, steps_.open(place));
      places_.push_back(place);
      ALK_TRY_VOID(database->transact(Access::Write, work));
    }
    return steps_.require_closed(place);
  }

  Result<void> system(const Work& work) override {
    ALK_TRY(auto database, steps_.open(Place::system()));
    Result<void> done = database->transact(Access::Write, work);
    // An error of the disk may have come with a commit that took place.
    decided_ = done || done.error().kind == Kind::Broken;
    if (!done) return done;
    for (const Place& place : places_)
      if (auto finished = steps_.finish(place); !finished) {
        finished.error().kind = Kind::Broken;
        return pass(std::move(finished).error(), "everything was restored, but a database has no name yet; "
                                                 "a restart of the service gives it one");
      }
    return {};
  }

 private:
  const Steps steps_;
  std::vector<Place> places_; // that were made
  bool decided_ = false;
};

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(SqliteFiles files, SqliteOptions options) : files_(std::move(files)), options_(options) {
    files_.drop_scratch();      // what a kill in the middle of a copy has left
    can_read_without_waiting(); // before there are threads
  }

  std::string name() const override { return std::string("SQLite ") + sqlite3_libversion(); }

  Result<std::unique_ptr<Connection>> open(const Place& place, Access access) override {
    ALK_TRY(const std::string path, find(place, access));
    ALK_TRY(auto connection, connect(opening(path, place, access), place));
    return std::unique_ptr<Connection>(std::move(connection));
  }

  Result<std::unique_ptr<Connection>> open_at_once() override {
    if (!can_read_without_waiting()) return std::unique_ptr<Connection>();
    ALK_TRY(const std::string path, files_.find(Place::system()));
    const SqliteOpening at_once{path, Access::Read, at_once_cache_kib, options_.vfs, true};
    ALK_TRY(auto connection, connect(at_once, Place::system()));
    return std::unique_ptr<Connection>(std::move(connection));
  }

  Result<std::unique_ptr<Filling>> begin_filling() override {
    SqliteFilling::Steps steps;
    steps.open = [this](const Place& place) { return open_to_fill(place); };
    steps.finish = [this](const Place& place) {
      std::lock_guard lock(names_);
      return files_.finish(place);
    };
    steps.drop = [this](const Place& place) { return files_.drop_partial(place); };
    steps.require_closed = [this](const Place& place) { return files_.require_partial_closed(place); };
    return std::unique_ptr<Filling>(std::make_unique<SqliteFilling>(std::move(steps)));
  }

  // One that cannot be settled is not in the way of others.
  Result<void> settle(const Known& known) override {
    Result<void> all;
    for (const Place& place : files_.partials()) {
      auto settled = settle_one(place, known);
      if (!settled && all) all = pass(std::move(settled).error(), "the unfinished database " + place.id());
    }
    return all;
  }

  Result<void> make_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    std::lock_guard lock(names_);
    ALK_TRY(const std::string path, files_.make_partial(place));
    Result<void> made = finish_closed(path, place);
    if (!made) (void)files_.drop_partial(place);
    return made;
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

  Result<std::string> find(const Place& place, Access access) {
    std::lock_guard lock(names_);
    auto path = files_.find(place);
    if (path || path.error().kind != Kind::NotFound) return path;
    if (place.is_system() && access == Access::Write) {
      ALK_TRY_VOID(files_.make(place));
      return files_.find(place);
    }
    if (!place.is_system() && files_.partial(place)) return fail(Kind::Busy, "the database is being made");
    return path;
  }

  Result<std::unique_ptr<Connection>> open_to_fill(const Place& place) {
    if (place.is_system()) return open(place, Access::Write);
    std::lock_guard lock(names_);
    ALK_TRY(const std::string path, files_.make_partial(place));
    auto connection = connect(opening(path, place, Access::Write), place);
    if (connection) return std::unique_ptr<Connection>(std::move(*connection));
    (void)files_.drop_partial(place);
    return pass(std::move(connection).error());
  }

  Result<void> settle_one(const Place& place, const Known& known) {
    ALK_TRY(const bool wanted, known(place));
    std::lock_guard lock(names_);
    if (!files_.partial(place)) return {}; // somebody was just making it
    if (wanted && !files_.find(place)) return finish_closed(files_.partial_path(place), place);
    return files_.drop_partial(place);
  }

  // What is still in its log is taken in by opening and closing it.
  Result<void> finish_closed(const std::string& path, const Place& place) {
    ALK_TRY_VOID(connect(opening(path, place, Access::Write), place));
    return files_.finish(place);
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

  Result<std::unique_ptr<SqliteConnection>> connect(const SqliteOpening& how, const Place& place) {
    ALK_TRY(auto connection, SqliteConnection::open(how));
    auto schema = place.is_system() ? system_schema() : tenant_schema();
    ALK_TRY_VOID(how.access == Access::Write ? migrate(*connection, schema)
                                             : require_schema(*connection, schema));
    return connection;
  }

  const SqliteFiles files_;
  const SqliteOptions options_;
  std::mutex names_; // which tenants' databases there are is looked at and changed under it
};

} // namespace

Result<std::unique_ptr<Engine>> make_sqlite_engine(const std::string& directory, SqliteOptions options) {
  ALK_TRY(SqliteFiles files, SqliteFiles::open(directory));
  return std::unique_ptr<Engine>(std::make_unique<SqliteEngine>(std::move(files), options));
}

} // namespace alk::stored
