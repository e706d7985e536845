#include "alknet-stored/api_keys.hpp"

#include "alknet-stored/accounts.hpp"
#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/record.hpp"
#include "base/encoding.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

#define ALK_API_KEY                                                                                          \
  "SELECT id, owner_id, prefix, name, enabled, expires_at, revoked_at, last_used_at, metadata, created_at "  \
  "FROM api_keys "

Result<ApiKey> read_api_key(const Row& row) {
  ApiKey key{row.text(0),       row.text(1),       row.text(2),       row.text(3), row.truth(4),
             row.integer_if(5), row.integer_if(6), row.integer_if(7), {},          row.integer(9)};
  ALK_TRY(key.scopes, read_json_texts(row.text(8), "scopes"));
  return key;
}

Result<void> check_new(const NewApiKey& given) {
  auto bytes = hex_decode(given.hash);
  if (!bytes || bytes->size() != 32 || hex_encode(*bytes) != given.hash)
    return fail(Kind::Invalid, "the hash of an API key is 64 lower-case hexadecimal digits");
  auto plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (given.prefix.size() != api_key_prefix || !given.prefix.starts_with(api_key_mark) ||
      !std::all_of(given.prefix.begin(), given.prefix.end(), plain))
    return fail(Kind::Invalid, "the prefix of an API key is its first 8 characters, which begin with alk_");
  ALK_TRY_VOID(check_name(given.name));
  return check_scopes(given.scopes);
}

Result<void> tell(Transaction& tables, const Act& act, const ApiKey& key, const char* topic,
                  const char* action) {
  JsonObject facts;
  facts.add("prefix", key.prefix)
      .add("name", key.name)
      .add("scopes", std::span(key.scopes))
      .add("expires_at", key.expires_at);
  Change change{topic, key.id, {}, {}};
  change.audit.action = action;
  change.audit.owner_id = key.owner_id;
  change.audit.credential_id = key.id;
  change.audit.credential_type = "api_key";
  change.audit.details = facts.text();
  change.payload = facts.add("id", key.id)
                       .add("owner_id", key.owner_id)
                       .add("actor", act.actor)
                       .add("request", act.request)
                       .text();
  return record(tables, act, change);
}

Result<ApiKey> require_api_key(Transaction& tables, std::string_view reference) {
  ALK_TRY(auto by_id, tables.find(ALK_API_KEY "WHERE id = ?1", {reference}));
  if (by_id) return read_api_key(*by_id);
  ALK_TRY(Rows rows,
          tables.query(ALK_API_KEY "WHERE prefix = ?1 AND revoked_at IS NULL LIMIT 2", {reference}));
  if (rows.empty()) return fail(Kind::NotFound, "no such API key");
  if (rows.size() > 1) return fail(Kind::Conflict, "several API keys have this prefix: name one by its id");
  return read_api_key(rows[0]);
}

} // namespace

Result<ApiKey> create_api_key(Transaction& tables, const Act& act, std::string_view account,
                              const NewApiKey& given) {
  ALK_TRY_VOID(check_new(given));
  ALK_TRY(const Account owner, require_account(tables, account));
  ALK_TRY(auto count, tables.find("SELECT count(*) FROM api_keys WHERE owner_id = ?1", {owner.id}));
  if (count->integer(0) >= static_cast<std::int64_t>(max_credentials))
    return fail(Kind::Conflict, "the account has had 1000 API keys");
  const ApiKey made{make_uuid(act),   owner.id,     given.prefix, given.name,   true,
                    given.expires_at, std::nullopt, std::nullopt, given.scopes, act.now};
  const std::string metadata =
      made.scopes.empty() ? "{}" : JsonObject().add("scopes", std::span(made.scopes)).text();
  ALK_TRY_VOID(conflict_as(
      tables.execute(
          "INSERT INTO api_keys (id, owner_id, key_hash, prefix, name, expires_at, metadata, "
          "created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
          {made.id, made.owner_id, given.hash, made.prefix, made.name, made.expires_at, metadata, act.now}),
      "this API key exists"));
  ALK_TRY_VOID(tell(tables, act, made, "api_keys:created", "apikey.created"));
  return made;
}

Result<std::vector<ApiKey>> list_api_keys(Transaction& tables, std::string_view account) {
  ALK_TRY(const Account owner, require_account(tables, account));
  ALK_TRY(Rows rows, tables.query(ALK_API_KEY "WHERE owner_id = ?1 ORDER BY created_at, id", {owner.id}));
  return read_all(rows, &read_api_key);
}

Result<ApiKey> revoke_api_key(Transaction& tables, const Act& act, std::string_view reference) {
  ALK_TRY(ApiKey key, require_api_key(tables, reference));
  if (key.revoked_at) return fail(Kind::Conflict, "the API key is revoked already");
  key.revoked_at = act.now;
  ALK_TRY_VOID(tables.execute("UPDATE api_keys SET revoked_at = ?2, updated_at = ?2 WHERE id = ?1",
                              {key.id, act.now}));
  ALK_TRY_VOID(tell(tables, act, key, "api_keys:deleted", "apikey.revoked"));
  return key;
}

#undef ALK_API_KEY

} // namespace alk::stored
