// Accounts: whom credentials belong to. An account that stands in the audit log is deactivated, never
// deleted.
//
// A reference to an account is its id or its email address. Errors: Invalid (a text, see identity_rules.hpp),
// NotFound, Conflict (email taken), and those of the tables.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

struct Account {
  std::string id;
  std::string email; // lower case
  std::string display_name;
  std::string access_level;        // admin, user, service
  std::string status;              // active, suspended, deactivated
  std::vector<std::string> scopes; // its own; credentials may add to them
  UnixSeconds created_at = 0;
  UnixSeconds updated_at = 0;
};

struct AccountFacts {
  std::optional<std::string> email;
  std::optional<std::string> display_name;
  std::optional<std::string> access_level;
  std::optional<std::string> status;
  std::optional<std::vector<std::string>> scopes;
};

// Email is required; the defaults of the rest: no name, user, active, no scopes.
Result<Account> create_account(Transaction& tables, const Act& act, const AccountFacts& facts);
Result<Account> require_account(Transaction& tables, std::string_view reference);
// By email, after `after`, max_page at most.
Result<std::vector<Account>> list_accounts(Transaction& tables, std::string_view after);
// Changes what is given, status too: an account that is not active logs in nowhere.
Result<Account> update_account(Transaction& tables, const Act& act, std::string_view reference,
                               const AccountFacts& facts);
// With its credentials. Conflict: the audit log or an organisation refers to it.
Result<void> delete_account(Transaction& tables, const Act& act, std::string_view reference);

} // namespace alk::stored
