// Accounts on org.alknet.Store1.
#include "alknet-stored/accounts.hpp"
#include "alknet-stored/facts.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

bus::Dictionary facts_of(const Account& account) {
  return {{"id", account.id},
          {"email", account.email},
          {"display_name", account.display_name},
          {"access_level", account.access_level},
          {"status", account.status},
          {"scopes", account.scopes},
          {"created_at", seconds_out(account.created_at)},
          {"updated_at", seconds_out(account.updated_at)}};
}

void write_account(bus::Message& out, const Account& account) {
  out.write_dictionary(facts_of(account));
}

Result<AccountFacts> read_facts(bus::Message& in) {
  ALK_TRY(const bus::Dictionary given, in.read_dictionary());
  ALK_TRY_VOID(check_facts(given, {"email", "display_name", "access_level", "status", "scopes"}));
  AccountFacts facts;
  ALK_TRY(facts.email, fact<std::string>(given, "email"));
  ALK_TRY(facts.display_name, fact<std::string>(given, "display_name"));
  ALK_TRY(facts.access_level, fact<std::string>(given, "access_level"));
  ALK_TRY(facts.status, fact<std::string>(given, "status"));
  ALK_TRY(facts.scopes, fact<std::vector<std::string>>(given, "scopes"));
  return facts;
}

Result<Plan> plan_create(bus::Call& call, const Act& act) {
  ALK_TRY(const AccountFacts facts, read_facts(call.in));
  return changing([=](Transaction& tables) { return create_account(tables, act, facts); }, write_account);
}

Result<Plan> plan_get(bus::Call& call) {
  ALK_TRY(const std::string reference, call.in.read_text());
  return reading_row([=](Transaction& tables) { return require_account(tables, reference); }, write_account);
}

Result<Plan> plan_list(bus::Call& call, const Act&) {
  ALK_TRY(const std::string after, call.in.read_text());
  return reading([=](Transaction& tables) { return list_accounts(tables, after); },
                 [](bus::Message& out, const std::vector<Account>& accounts) {
                   std::vector<bus::Dictionary> list;
                   for (const Account& account : accounts) list.push_back(facts_of(account));
                   out.write_dictionaries(list);
                 });
}

Result<Plan> plan_update(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  ALK_TRY(const AccountFacts facts, read_facts(call.in));
  return changing([=](Transaction& tables) { return update_account(tables, act, reference, facts); },
                  write_account);
}

Result<Plan> plan_delete(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  return changing([=](Transaction& tables) { return nothing_from(delete_account(tables, act, reference)); },
                  write_nothing);
}

} // namespace

Methods account_methods(StoreBus* self) {
  return {
      StoreBus::method(self, "CreateAccount", {{"a{sv}", "facts"}}, {{"a{sv}", "account"}}, plan_create),
      StoreBus::method(self, "GetAccount", {{"s", "account"}}, {{"a{sv}", "account"}}, plan_get),
      StoreBus::method(self, "ListAccounts", {{"s", "after"}}, {{"aa{sv}", "accounts"}}, plan_list),
      StoreBus::method(self, "UpdateAccount", {{"s", "account"}, {"a{sv}", "facts"}}, {{"a{sv}", "account"}},
                       plan_update),
      StoreBus::method(self, "DeleteAccount", {{"s", "account"}}, {}, plan_delete),
  };
}

} // namespace alk::stored
