#include "alknet-stored/credentials.hpp"

#include "alknet-stored/accounts.hpp"
#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/record.hpp"
#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "pubkey/authorized_keys.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

constexpr const char* key_taken = "the key belongs to an account already";

#define ALK_CREDENTIAL                                                                                       \
  "SELECT id, owner_id, credential_type, fingerprint, public_key_data, name, enabled, expires_at, "          \
  "revoked_at, last_used_at, metadata, created_at FROM peer_credentials "

Result<Credential> read_credential(const Row& row) {
  Credential credential{row.text(0),       row.text(1),       row.text(2),  row.text(3),
                        row.text(4),       row.text(5),       row.truth(6), row.integer_if(7),
                        row.integer_if(8), row.integer_if(9), {},           row.integer(11)};
  ALK_TRY(credential.scopes, read_json_texts(row.text(10), "scopes"));
  return credential;
}

std::string hex_digest(std::string_view bytes) {
  const pubkey::Digest digest = pubkey::sha256(bytes);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// What an AuthToken names an Ed25519 key by: SHA-256 of its 32 bytes. CAs sign no tokens.
std::optional<std::string> token_key_id(const pubkey::KeyLine& line) {
  if (line.options.cert_authority) return std::nullopt;
  ByteReader reader(line.blob);
  if (reader.string(pubkey::max_key_blob) != "ssh-ed25519") return std::nullopt;
  const auto key = reader.string(pubkey::max_key_blob);
  if (!key || key->size() != 32) return std::nullopt;
  return hex_digest(*key);
}

std::optional<UnixSeconds> earlier(std::optional<UnixSeconds> a, std::optional<UnixSeconds> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

std::string line_without_comment(const pubkey::KeyLineParts& parts) {
  std::string line(parts.options);
  if (!line.empty()) line += ' ';
  return line.append(parts.type).append(" ").append(parts.base64);
}

// A comment is whatever somebody wrote: what is no name of ours is cut or dropped, not refused.
std::string name_from(std::string_view comment) {
  return comment.size() <= max_name && check_name(comment) ? std::string(comment) : std::string();
}

Result<void> tell(Transaction& tables, const Act& act, const Credential& credential, const char* topic,
                  const char* action) {
  JsonObject facts;
  facts.add("fingerprint", credential.fingerprint)
      .add("name", credential.name)
      .add("scopes", std::span(credential.scopes))
      .add("expires_at", credential.expires_at);
  Change change{topic, credential.id, {}, {}};
  change.audit.action = action;
  change.audit.owner_id = credential.owner_id;
  change.audit.credential_id = credential.id;
  change.audit.credential_type = credential.type;
  change.audit.details = facts.text();
  change.payload = facts.add("id", credential.id)
                       .add("owner_id", credential.owner_id)
                       .add("actor", act.actor)
                       .add("request", act.request)
                       .text();
  return record(tables, act, change);
}

Result<void> check_room(Transaction& tables, const std::string& owner) {
  ALK_TRY(auto row, tables.find("SELECT count(*) FROM peer_credentials WHERE owner_id = ?1", {owner}));
  if (row->integer(0) >= static_cast<std::int64_t>(max_credentials))
    return fail(Kind::Conflict, "the account has had 1000 keys");
  return {};
}

Result<Credential> insert(Transaction& tables, const Act& act, const Account& owner,
                          const NewCredential& given) {
  ALK_TRY(const pubkey::KeyLine line, pubkey::parse_key_line(given.line));
  ALK_TRY(const pubkey::KeyLineParts parts, pubkey::split_key_line(given.line));
  ALK_TRY_VOID(check_name(given.name));
  ALK_TRY_VOID(check_scopes(given.scopes));
  ALK_TRY_VOID(check_room(tables, owner.id));
  Credential made;
  made.id = make_uuid(act);
  made.owner_id = owner.id;
  made.type = line.options.cert_authority ? "cert_authority" : "ssh_key";
  made.fingerprint = pubkey::fingerprint_text(pubkey::sha256(line.blob));
  made.line = line_without_comment(parts);
  made.name = given.name.empty() ? name_from(trim(parts.comment)) : given.name;
  made.expires_at = earlier(given.expires_at, line.options.expires);
  made.scopes = given.scopes;
  made.created_at = act.now;
  ALK_TRY(auto taken, tables.find("SELECT 1 FROM peer_credentials WHERE fingerprint = ?1 AND "
                                  "revoked_at IS NULL",
                                  {made.fingerprint}));
  if (taken) return fail(Kind::Conflict, key_taken);
  const std::string metadata =
      made.scopes.empty() ? "{}" : JsonObject().add("scopes", std::span(made.scopes)).text();
  ALK_TRY_VOID(conflict_as(
      tables.execute(
          "INSERT INTO peer_credentials (id, owner_id, credential_type, fingerprint, token_key_id, "
          "public_key_data, name, expires_at, metadata, created_at, updated_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
          {made.id, made.owner_id, made.type, made.fingerprint, token_key_id(line), made.line, made.name,
           made.expires_at, metadata, act.now}),
      key_taken));
  ALK_TRY_VOID(tell(tables, act, made, "credentials:created", "credential.added"));
  return made;
}

} // namespace

Result<Credential> add_credential(Transaction& tables, const Act& act, std::string_view account,
                                  const NewCredential& given) {
  ALK_TRY(const Account owner, require_account(tables, account));
  return insert(tables, act, owner, given);
}

Result<Import> import_credentials(Transaction& tables, const Act& act, std::string_view account,
                                  std::string_view text) {
  if (text.size() > max_value) return fail(Kind::Invalid, "more than 1 MiB of keys");
  ALK_TRY(const Account owner, require_account(tables, account));
  Import import;
  std::size_t number = 0;
  for (std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (import.added.size() + import.left_out.size() == max_import)
      return fail(Kind::Invalid, "more than 500 keys at once");
    auto added = insert(tables, act, owner, {std::string(line), {}, {}, {}});
    if (added)
      import.added.push_back(std::move(*added));
    else if (added.error().kind == Kind::Busy || added.error().kind == Kind::Broken)
      return pass(std::move(added).error());
    else
      import.left_out.push_back(std::to_string(number) + ": " + added.error().what);
  }
  return import;
}

Result<std::vector<Credential>> list_credentials(Transaction& tables, std::string_view account) {
  ALK_TRY(const Account owner, require_account(tables, account));
  ALK_TRY(Rows rows, tables.query(ALK_CREDENTIAL "WHERE owner_id = ?1 ORDER BY created_at, id", {owner.id}));
  return read_all(rows, &read_credential);
}

Result<Credential> require_credential(Transaction& tables, std::string_view reference) {
  ALK_TRY(auto row, tables.find(ALK_CREDENTIAL "WHERE id = ?1 OR (fingerprint = ?1 AND revoked_at IS NULL)",
                                {reference}));
  if (!row) return fail(Kind::NotFound, "no such key");
  return read_credential(*row);
}

Result<Credential> revoke_credential(Transaction& tables, const Act& act, std::string_view reference) {
  ALK_TRY(Credential credential, require_credential(tables, reference));
  if (credential.revoked_at) return fail(Kind::Conflict, "the key is revoked already");
  credential.revoked_at = act.now;
  ALK_TRY_VOID(tables.execute("UPDATE peer_credentials SET revoked_at = ?2, updated_at = ?2 WHERE id = ?1",
                              {credential.id, act.now}));
  ALK_TRY_VOID(tell(tables, act, credential, "credentials:deleted", "credential.revoked"));
  return credential;
}

Result<Credential> enable_credential(Transaction& tables, const Act& act, std::string_view reference,
                                     bool enabled) {
  ALK_TRY(Credential credential, require_credential(tables, reference));
  if (credential.revoked_at) return fail(Kind::Conflict, "the key is revoked");
  credential.enabled = enabled;
  ALK_TRY_VOID(tables.execute("UPDATE peer_credentials SET enabled = ?2, updated_at = ?3 WHERE id = ?1",
                              {credential.id, enabled, act.now}));
  ALK_TRY_VOID(tell(tables, act, credential, "credentials:updated",
                    enabled ? "credential.enabled" : "credential.disabled"));
  return credential;
}

#undef ALK_CREDENTIAL

} // namespace alk::stored
