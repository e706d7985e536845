#include "alknet-stored/outbound_credentials.hpp"

#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/record.hpp"
#include "base/encoding.hpp"

namespace alk::stored {

namespace {

constexpr std::uint32_t first_key_version = 2; // 0 and 1 were never keys of this kind
constexpr std::size_t salt_size = 32, iv_size = 12, tag_size = 16;

#define ALK_OUTBOUND                                                                                         \
  "SELECT id, name, consumer, key_version, salt, iv, data, created_at, updated_at FROM "                     \
  "outbound_credentials "

Result<OutboundCredential> read_outbound(const Row& row) {
  return OutboundCredential{
      row.text(0),    row.text(1),
      row.text(2),    {static_cast<std::uint32_t>(row.integer(3)), row.text(4), row.text(5), row.text(6)},
      row.integer(7), row.integer(8)};
}

Result<void> check_record(const SealedRecord& record) {
  const auto salt = base64_decode(record.salt), iv = base64_decode(record.iv);
  const auto data = record.data.size() <= max_record_data ? base64_decode(record.data) : std::nullopt;
  if (record.key_version < first_key_version || !salt || salt->size() != salt_size || !iv ||
      iv->size() != iv_size || !data || data->size() < tag_size)
    return fail(Kind::Invalid, "not a record as alknet-secretd makes it");
  return {};
}

// The record stays out of event and log: who reads those has no use for it.
Result<void> tell(Transaction& tables, const Act& act, const OutboundCredential& credential,
                  const char* topic, const char* action) {
  JsonObject facts;
  facts.add("name", credential.name).add("consumer", credential.consumer);
  Change change{topic, credential.id, {}, {}};
  change.audit.action = action;
  change.audit.credential_id = credential.id;
  change.audit.credential_type = "outbound";
  change.audit.details = facts.text();
  change.payload = facts.add("id", credential.id).add("actor", act.actor).add("request", act.request).text();
  return record(tables, act, change);
}

Result<OutboundCredential> add(Transaction& tables, const Act& act, const NewOutboundCredential& given) {
  ALK_TRY(auto count, tables.find("SELECT count(*) FROM outbound_credentials"));
  if (count->integer(0) >= static_cast<std::int64_t>(max_outbound_credentials))
    return fail(Kind::Conflict, "there are 1000 credentials already");
  const OutboundCredential made{make_uuid(act), given.name, given.consumer, given.record, act.now, act.now};
  ALK_TRY_VOID(conflict_as(
      tables.execute("INSERT INTO outbound_credentials (id, name, consumer, key_version, salt, iv, data, "
                     "created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
                     {made.id, made.name, made.consumer, std::int64_t{made.record.key_version},
                      made.record.salt, made.record.iv, made.record.data, act.now}),
      "a credential has this name"));
  ALK_TRY_VOID(tell(tables, act, made, "outbound_credentials:created", "credential.added"));
  return made;
}

Result<OutboundCredential> replace_record(Transaction& tables, const Act& act, OutboundCredential before,
                                          const NewOutboundCredential& given) {
  before.consumer = given.consumer;
  before.record = given.record;
  before.updated_at = act.now;
  ALK_TRY_VOID(tables.execute("UPDATE outbound_credentials SET consumer = ?2, key_version = ?3, salt = ?4, "
                              "iv = ?5, data = ?6, updated_at = ?7 WHERE id = ?1",
                              {before.id, before.consumer, std::int64_t{before.record.key_version},
                               before.record.salt, before.record.iv, before.record.data, act.now}));
  ALK_TRY_VOID(tell(tables, act, before, "outbound_credentials:updated", "credential.replaced"));
  return before;
}

} // namespace

Result<OutboundCredential> put_outbound_credential(Transaction& tables, const Act& act,
                                                   const NewOutboundCredential& given, Replace replace) {
  ALK_TRY_VOID(check_slug(given.name));
  ALK_TRY_VOID(check_slug(given.consumer));
  ALK_TRY_VOID(check_record(given.record));
  auto before = require_outbound_credential(tables, given.name);
  if (before && replace == Replace::Yes) return replace_record(tables, act, std::move(*before), given);
  if (before) return fail(Kind::Conflict, "a credential has this name");
  if (before.error().kind != Kind::NotFound) return before;
  return add(tables, act, given);
}

Result<OutboundCredential> require_outbound_credential(Transaction& tables, std::string_view name) {
  ALK_TRY(auto row, tables.find(ALK_OUTBOUND "WHERE name = ?1", {name}));
  if (!row) return fail(Kind::NotFound, "no credential has this name");
  return read_outbound(*row);
}

Result<std::vector<OutboundCredential>> list_outbound_credentials(Transaction& tables) {
  ALK_TRY(Rows rows, tables.query(ALK_OUTBOUND "ORDER BY name"));
  return read_all(rows, &read_outbound);
}

Result<OutboundCredential> remove_outbound_credential(Transaction& tables, const Act& act,
                                                      std::string_view name) {
  ALK_TRY(OutboundCredential credential, require_outbound_credential(tables, name));
  ALK_TRY_VOID(tables.execute("DELETE FROM outbound_credentials WHERE id = ?1", {credential.id}));
  ALK_TRY_VOID(tell(tables, act, credential, "outbound_credentials:deleted", "credential.removed"));
  return credential;
}

#undef ALK_OUTBOUND

} // namespace alk::stored
