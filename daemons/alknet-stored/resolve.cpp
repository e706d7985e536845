#include "alknet-stored/resolve.hpp"

#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/json.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

// A live row before revoked ones, then the newest: of a key that was revoked and given again the new owner
// counts.
#define ALK_KEY                                                                                              \
  "SELECT c.id, c.credential_type, c.public_key_data, c.enabled, c.revoked_at, c.expires_at, c.metadata, "   \
  "a.id, a.status, a.metadata FROM peer_credentials AS c JOIN accounts AS a ON a.id = c.owner_id "
#define ALK_ORDER " ORDER BY CASE WHEN c.revoked_at IS NULL THEN 0 ELSE 1 END, c.created_at DESC LIMIT 1"

constexpr const char* by_fingerprint = ALK_KEY "WHERE c.fingerprint = ?1" ALK_ORDER;
constexpr const char* by_token_key = ALK_KEY "WHERE c.token_key_id = ?1" ALK_ORDER;
constexpr const char* by_api_key =
    "SELECT c.id, 'api_key', '', c.enabled, c.revoked_at, c.expires_at, c.metadata, a.id, a.status, "
    "a.metadata FROM api_keys AS c JOIN accounts AS a ON a.id = c.owner_id WHERE c.key_hash = ?1" ALK_ORDER;

#undef ALK_KEY
#undef ALK_ORDER

const char* statement_for(Presented kind) {
  switch (kind) {
  case Presented::Fingerprint: return by_fingerprint;
  case Presented::TokenKey: return by_token_key;
  case Presented::ApiKey: break;
  }
  return by_api_key;
}

std::optional<Unresolved> refusal(const Row& row, UnixSeconds now) {
  if (!row.is_null(4)) return Unresolved::Revoked;
  if (!row.truth(3)) return Unresolved::Disabled;
  if (!row.is_null(5) && now >= row.integer(5)) return Unresolved::Expired;
  if (row.text(8) != "active") return Unresolved::AccountInactive;
  return std::nullopt;
}

void add(std::vector<std::string>& texts, std::vector<std::string> more) {
  for (std::string& text : more)
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

// What the access control graph gives: by its own node, by organisations, roles and delegations.
Result<void> add_graph(Transaction& tables, Resolved& resolved) {
  ALK_TRY(const Grants grants, account_grants(tables, resolved.account_id));
  add(resolved.scopes, {grants.scopes.begin(), grants.scopes.end()});
  for (const auto& [name, actions] : grants.resources)
    add(resolved.resources[name], {actions.begin(), actions.end()});
  return {};
}

} // namespace

std::string_view unresolved_word(Unresolved reason) {
  switch (reason) {
  case Unresolved::Unknown: return "unknown";
  case Unresolved::Revoked: return "revoked";
  case Unresolved::Disabled: return "disabled";
  case Unresolved::Expired: return "expired";
  case Unresolved::AccountInactive: return "account-inactive";
  }
  return "unknown";
}

Result<Presented> presented_from(std::string_view word) {
  if (word == "fingerprint") return Presented::Fingerprint;
  if (word == "token-key") return Presented::TokenKey;
  if (word == "api-key") return Presented::ApiKey;
  return fail(Kind::Invalid, "a credential is presented by fingerprint, token-key or api-key");
}

Result<Resolution> resolve(Transaction& tables, Presented kind, std::string_view value, UnixSeconds now) {
  ALK_TRY(auto row, tables.find(statement_for(kind), {value}));
  if (!row) return Resolution(Unresolved::Unknown);
  if (auto reason = refusal(*row, now)) return Resolution(*reason);
  Resolved resolved{row->text(7), row->text(0), row->text(1), row->text(2), {}, {}, row->integer_if(5)};
  for (std::size_t metadata : {9, 6}) {
    ALK_TRY(auto scopes, read_json_texts(row->text(metadata), "scopes"));
    add(resolved.scopes, std::move(scopes));
    ALK_TRY(auto resources, read_json_lists(row->text(metadata), "resources"));
    for (auto& [name, actions] : resources) add(resolved.resources[name], std::move(actions));
  }
  ALK_TRY_VOID(add_graph(tables, resolved));
  if (resolved.scopes.empty()) resolved.scopes.emplace_back(default_scope);
  return Resolution(std::move(resolved));
}

Result<void> mark_used(Transaction& tables, const Uses& uses) {
  if (uses.size() > max_uses) return fail(Kind::Invalid, "more than 1000 uses at once");
  for (const auto& [id, when] : uses) {
    ALK_TRY(const std::uint64_t marked,
            tables.execute("UPDATE peer_credentials SET last_used_at = ?2 WHERE id = ?1 AND "
                           "coalesce(last_used_at, 0) < ?2",
                           {id, when}));
    if (marked > 0) continue;
    ALK_TRY_VOID(tables.execute("UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1 AND "
                                "coalesce(last_used_at, 0) < ?2",
                                {id, when}));
  }
  return {};
}

} // namespace alk::stored
