#include "alknet-stored/postgresql/filling.hpp"

#include "alknet-stored/postgresql/migrate.hpp"

namespace alk::stored {

namespace {

// Who fills a storage, or removes what others left of it. It ends with its session, and so with its program.
class FillingLock {
 public:
  static Result<FillingLock> take(PgSessions& sessions, const std::string& prefix) {
    ALK_TRY(auto session, PgSession::open(sessions.address()));
    const std::string key = std::string("(") + pg_lock_class + ", hashtext('" + prefix + "-partial'))";
    FillingLock lock(std::move(session), key);
    auto taken = lock.session_->command("SELECT pg_advisory_lock" + lock.key_);
    if (taken) return Result<FillingLock>(std::move(lock));
    lock.session_.reset();
    if (taken.error().kind != Kind::Busy) return pass(std::move(taken).error());
    return fail(Kind::Busy, "another program on this server restores a storage");
  }
  FillingLock(FillingLock&&) noexcept = default;
  FillingLock& operator=(FillingLock&&) = delete;
  ~FillingLock() {
    if (session_ && session_->usable()) (void)session_->command("SELECT pg_advisory_unlock" + key_);
  }

 private:
  FillingLock(std::unique_ptr<PgSession> session, std::string key)
      : session_(std::move(session)), key_(std::move(key)) {}

  std::unique_ptr<PgSession> session_;
  std::string key_;
};

class PgFilling final : public Filling {
 public:
  PgFilling(PgSessions& sessions, PgNames names, std::string notification, FillingLock lock)
      : sessions_(sessions), names_(std::move(names)), notification_(std::move(notification)),
        lock_(std::move(lock)) {}
  // After the system's commit none of these names is there any more.
  ~PgFilling() override {
    for (const Place& place : places_) (void)drop(names_.partial(place));
  }
  PgFilling(const PgFilling&) = delete;
  PgFilling& operator=(const PgFilling&) = delete;

  Result<void> tenant(const Place& place, const Work& work) override {
    const std::string name = names_.partial(place);
    ALK_TRY_VOID(make_tenant_schema(sessions_, names_, place, name));
    places_.push_back(place);
    return PgConnection(sessions_, name, Access::Write).transact(Access::Write, work);
  }

  Result<void> system(const Work& work) override {
    PgConnection database(sessions_, names_.prefix, Access::Write, notification_);
    auto all = [&](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(work(tables));
      for (const Place& place : places_)
        ALK_TRY_VOID(rename_schema(tables, names_.partial(place), names_.of(place)));
      return {};
    };
    ALK_TRY_VOID(database.transact(Access::Write, all));
    places_.clear();
    return {};
  }

 private:
  Result<void> drop(const std::string& name) {
    return about_schemas(sessions_, names_.prefix,
                         [&](Transaction& tables) { return drop_schema(tables, name); });
  }

  PgSessions& sessions_;
  const PgNames names_;
  const std::string notification_;
  const FillingLock lock_;
  std::vector<Place> places_; // that were made
};

} // namespace

Result<std::unique_ptr<Filling>> begin_pg_filling(PgSessions& sessions, PgNames names,
                                                  std::string notification) {
  ALK_TRY(auto lock, FillingLock::take(sessions, names.prefix));
  return std::unique_ptr<Filling>(
      std::make_unique<PgFilling>(sessions, std::move(names), std::move(notification), std::move(lock)));
}

Result<void> settle_pg(PgSessions& sessions, const PgNames& names) {
  std::vector<std::string> left;
  // Ours has a table that says so.
  constexpr const char* schemas = "SELECT nspname FROM pg_catalog.pg_namespace n WHERE starts_with(nspname, "
                                  "?1) AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE "
                                  "c.relnamespace = n.oid AND c.relname = 'alknet_schema')";
  const std::string begin = names.prefix + "-partial-";
  auto look = [&](Transaction& tables) -> Result<void> {
    left.clear();
    return tables.each(schemas, {begin}, [&](const Row& row) -> Result<bool> {
      if (is_uuid(std::string_view(row.text(0)).substr(begin.size()))) left.push_back(row.text(0));
      return true;
    });
  };
  ALK_TRY_VOID(PgConnection(sessions, names.prefix, Access::Read).transact(Access::Read, look));
  if (left.empty()) return {};
  ALK_TRY(const auto lock, FillingLock::take(sessions, names.prefix));
  ALK_TRY_VOID(PgConnection(sessions, names.prefix, Access::Read).transact(Access::Read, look));
  for (const std::string& name : left)
    ALK_TRY_VOID(about_schemas(sessions, names.prefix, [&](Transaction& t) { return drop_schema(t, name); }));
  return {};
}

Result<void> make_tenant_schema(PgSessions& sessions, const PgNames& names, const Place& place,
                                const std::string& name) {
  return about_schemas(sessions, names.prefix, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(const bool used, schema_exists(tables, names.of(place)));
    ALK_TRY(const bool retired, schema_exists(tables, names.retired(place)));
    if (used || retired) return fail(Kind::Conflict, "the tenant's storage exists already");
    return make_schema(tables, name, tenant_schema());
  });
}

} // namespace alk::stored
