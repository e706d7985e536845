#include "alknet-stored/accounts.hpp"

#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/record.hpp"

namespace alk::stored {

namespace {

constexpr const char* email_taken = "an account with this email address exists";

#define ALK_ACCOUNT                                                                                          \
  "SELECT id, email, display_name, access_level, status, metadata, created_at, updated_at FROM accounts "

Result<Account> read_account(const Row& row) {
  Account account{row.text(0), row.text(1), row.text(2),    row.text(3),
                  row.text(4), {},          row.integer(6), row.integer(7)};
  ALK_TRY(account.scopes, read_json_texts(row.text(5), "scopes"));
  return account;
}

std::string metadata_of(const Account& account) {
  return account.scopes.empty() ? "{}" : JsonObject().add("scopes", std::span(account.scopes)).text();
}

// Applies what is given, each checked.
Result<void> apply(const AccountFacts& facts, Account& account) {
  if (facts.email) {
    ALK_TRY(account.email, check_email(*facts.email));
  }
  account.display_name = facts.display_name.value_or(account.display_name);
  account.access_level = facts.access_level.value_or(account.access_level);
  account.status = facts.status.value_or(account.status);
  account.scopes = facts.scopes.value_or(account.scopes);
  ALK_TRY_VOID(check_name(account.display_name));
  ALK_TRY_VOID(check_word(account.access_level, access_levels, "the access level"));
  ALK_TRY_VOID(check_word(account.status, account_states, "the status"));
  return check_scopes(account.scopes);
}

Result<void> tell(Transaction& tables, const Act& act, const Account& account, const char* action) {
  const std::string payload = JsonObject()
                                  .add("id", account.id)
                                  .add("email", account.email)
                                  .add("display_name", account.display_name)
                                  .add("access_level", account.access_level)
                                  .add("status", account.status)
                                  .add("scopes", std::span(account.scopes))
                                  .add("actor", act.actor)
                                  .add("request", act.request)
                                  .text();
  Change change{"accounts:updated", account.id, payload, {}};
  change.audit.action = action;
  change.audit.owner_id = account.id;
  change.audit.details = JsonObject()
                             .add("email", account.email)
                             .add("access_level", account.access_level)
                             .add("status", account.status)
                             .add("scopes", std::span(account.scopes))
                             .text();
  return record(tables, act, change);
}

const char* action_of(const Account& before, const Account& after) {
  if (before.status == after.status) return "account.updated";
  if (after.status == "active") return "account.activated";
  return after.status == "suspended" ? "account.suspended" : "account.deactivated";
}

} // namespace

Result<Account> create_account(Transaction& tables, const Act& act, const AccountFacts& facts) {
  Account account{make_uuid(act), {}, {}, "user", "active", {}, act.now, act.now};
  if (!facts.email) return fail(Kind::Invalid, "an account needs an email address");
  ALK_TRY_VOID(apply(facts, account));
  ALK_TRY_VOID(conflict_as(
      tables.execute("INSERT INTO accounts (id, email, display_name, access_level, status, metadata, "
                     "created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                     {account.id, account.email, account.display_name, account.access_level, account.status,
                      metadata_of(account), act.now}),
      email_taken));
  ALK_TRY_VOID(tell(tables, act, account, "account.created"));
  return account;
}

Result<Account> require_account(Transaction& tables, std::string_view reference) {
  std::optional<Row> row;
  if (auto email = check_email(reference)) {
    ALK_TRY(row, tables.find(ALK_ACCOUNT "WHERE email = ?1", {*email}));
  }
  if (!row) {
    ALK_TRY(row, tables.find(ALK_ACCOUNT "WHERE id = ?1", {reference}));
  }
  if (!row) return fail(Kind::NotFound, "no such account");
  return read_account(*row);
}

Result<std::vector<Account>> list_accounts(Transaction& tables, std::string_view after) {
  ALK_TRY(Rows rows, tables.query(ALK_ACCOUNT "WHERE email > ?1 ORDER BY email LIMIT ?2", {after, max_page}));
  return read_all(rows, &read_account);
}

Result<Account> update_account(Transaction& tables, const Act& act, std::string_view reference,
                               const AccountFacts& facts) {
  ALK_TRY(const Account before, require_account(tables, reference));
  Account account = before;
  ALK_TRY_VOID(apply(facts, account));
  account.updated_at = act.now;
  ALK_TRY_VOID(conflict_as(
      tables.execute("UPDATE accounts SET email = ?2, display_name = ?3, access_level = ?4, status = ?5, "
                     "metadata = ?6, updated_at = ?7 WHERE id = ?1",
                     {account.id, account.email, account.display_name, account.access_level, account.status,
                      metadata_of(account), act.now}),
      email_taken));
  ALK_TRY_VOID(tell(tables, act, account, action_of(before, account)));
  return account;
}

Result<void> delete_account(Transaction& tables, const Act& act, std::string_view reference) {
  ALK_TRY(const Account account, require_account(tables, reference));
  ALK_TRY_VOID(conflict_as(tables.execute("DELETE FROM accounts WHERE id = ?1", {account.id}),
                           "the account stands in the audit log or owns an organisation: deactivate it"));
  Change change{"accounts:deleted", account.id, JsonObject().add("id", account.id).text(), {}};
  change.audit.action = "account.deleted";
  change.audit.details = JsonObject().add("id", account.id).add("email", account.email).text();
  return record(tables, act, change);
}

#undef ALK_ACCOUNT

} // namespace alk::stored
