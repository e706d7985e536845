#include "alknet-stored/postgresql/engine.hpp"

#include "alknet-stored/postgresql/connection.hpp"
#include "alknet-stored/postgresql/feed.hpp"
#include "alknet-stored/postgresql/filling.hpp"
#include "alknet-stored/postgresql/migrate.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

constexpr std::size_t max_prefix = 16; // with a UUID and a word still below PostgreSQL's 63

class PostgresqlEngine final : public Engine {
 public:
  explicit PostgresqlEngine(PostgresqlOptions options)
      : sessions_({std::move(options.url), std::move(options.password)}), names_{std::move(options.prefix)} {}

  std::string name() const override { return "PostgreSQL"; }

  Result<std::unique_ptr<Connection>> open(const Place& place, Access access) override {
    const std::string name = names_.of(place);
    auto opened =
        std::make_unique<PgConnection>(sessions_, name, access, pg_notification(names_.prefix, place));
    auto migrations = place.is_system() ? system_schema() : tenant_schema();
    ALK_TRY_VOID(about_schemas(sessions_, names_.prefix, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(const bool there, schema_exists(tables, name));
      if (there) return {};
      if (!place.is_system() || access == Access::Read) return fail(Kind::NotFound, "no such storage");
      return make_schema(tables, name, migrations);
    }));
    ALK_TRY_VOID(access == Access::Write ? migrate(*opened, migrations)
                                         : require_schema(*opened, migrations));
    return std::unique_ptr<Connection>(std::move(opened));
  }

  Result<std::unique_ptr<Filling>> begin_filling() override {
    return begin_pg_filling(sessions_, names_, pg_notification(names_.prefix, Place::system()));
  }

  // What had its commit has its name.
  Result<void> settle(const Known&) override { return settle_pg(sessions_, names_); }

  Result<void> make_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    return make_tenant_schema(sessions_, names_, place, names_.of(place));
  }

  Result<void> retire_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    return about_schemas(sessions_, names_.prefix, [&](Transaction& tables) {
      return rename_schema(tables, names_.of(place), names_.retired(place));
    });
  }

  Result<void> erase_tenant(const Place& place) override {
    if (place.is_system()) return fail(Kind::Broken, "the system is no tenant");
    return about_schemas(sessions_, names_.prefix,
                         [&](Transaction& tables) { return drop_schema(tables, names_.retired(place)); });
  }

  Result<std::uint64_t> size(Transaction& system) const override {
    ALK_TRY(auto row, system.find("SELECT pg_database_size(current_database())"));
    return row ? static_cast<std::uint64_t>(row->integer(0)) : 0;
  }

  std::unique_ptr<Watch> watch(Watcher watcher) override {
    return std::make_unique<PgFeed>(sessions_.address(), names_.prefix, std::move(watcher));
  }

 private:
  PgSessions sessions_;
  const PgNames names_;
};

struct ConninfoDeleter {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

Result<void> check_url(const std::string& url) {
  char* message = nullptr;
  std::unique_ptr<PQconninfoOption, ConninfoDeleter> options(PQconninfoParse(url.c_str(), &message));
  std::unique_ptr<char, decltype(&PQfreemem)> owned(message, PQfreemem);
  // The message would quote the URL.
  if (!options) return fail(Kind::Invalid, "storage.url: not an address of PostgreSQL");
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if ((keyword == "password" || keyword == "sslpassword") && option->val != nullptr)
      return fail(Kind::Invalid,
                  "storage.url: a password does not belong into the address: name a credential in "
                  "storage.password, or use a passfile");
  }
  return {};
}

bool usable_prefix(std::string_view prefix) {
  auto usable = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !prefix.empty() && prefix.size() <= max_prefix && std::all_of(prefix.begin(), prefix.end(), usable);
}

} // namespace

Result<std::unique_ptr<Engine>> make_postgresql_engine(PostgresqlOptions options) {
  ALK_TRY_VOID(check_url(options.url));
  if (!usable_prefix(options.prefix)) return fail(Kind::Invalid, "not a prefix for schemas");
  return std::unique_ptr<Engine>(std::make_unique<PostgresqlEngine>(std::move(options)));
}

} // namespace alk::stored
