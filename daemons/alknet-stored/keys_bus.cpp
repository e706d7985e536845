// SSH keys, certificate authorities and API keys on org.alknet.Store1.
#include "alknet-stored/api_keys.hpp"
#include "alknet-stored/credentials.hpp"
#include "alknet-stored/facts.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

// What keys and API keys have in common.
template <class T>
bus::Dictionary common_facts(const T& key) {
  bus::Dictionary facts = {{"id", key.id},         {"owner_id", key.owner_id},
                           {"name", key.name},     {"enabled", key.enabled},
                           {"scopes", key.scopes}, {"created_at", seconds_out(key.created_at)}};
  put(facts, "expires_at", key.expires_at);
  put(facts, "revoked_at", key.revoked_at);
  put(facts, "last_used_at", key.last_used_at);
  return facts;
}

bus::Dictionary facts_of(const Credential& key) {
  bus::Dictionary facts = common_facts(key);
  facts["type"] = key.type;
  facts["fingerprint"] = key.fingerprint;
  facts["line"] = key.line;
  return facts;
}

bus::Dictionary facts_of(const ApiKey& key) {
  bus::Dictionary facts = common_facts(key);
  facts["prefix"] = key.prefix;
  return facts;
}

template <class T>
void write_one(bus::Message& out, const T& key) {
  out.write_dictionary(facts_of(key));
}

template <class T>
void write_list(bus::Message& out, const std::vector<T>& keys) {
  std::vector<bus::Dictionary> list;
  for (const T& key : keys) list.push_back(facts_of(key));
  out.write_dictionaries(list);
}

// name, scopes and expires_at of a new key of either sort.
template <class T>
Result<void> read_facts(bus::Message& in, T& given) {
  ALK_TRY(const bus::Dictionary facts, in.read_dictionary());
  ALK_TRY_VOID(check_facts(facts, {"name", "scopes", "expires_at"}));
  ALK_TRY(auto name, fact<std::string>(facts, "name"));
  ALK_TRY(auto scopes, fact<std::vector<std::string>>(facts, "scopes"));
  ALK_TRY(given.expires_at, time_fact(facts, "expires_at"));
  given.name = name.value_or("");
  given.scopes = scopes.value_or(std::vector<std::string>());
  return {};
}

Result<Plan> plan_add(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string account, call.in.read_text());
  NewCredential given;
  ALK_TRY(given.line, call.in.read_text());
  ALK_TRY_VOID(read_facts(call.in, given));
  return changing([=](Transaction& tables) { return add_credential(tables, act, account, given); },
                  write_one<Credential>);
}

Result<Plan> plan_import(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string account, call.in.read_text());
  ALK_TRY(const std::string text, call.in.read_text());
  return changing([=](Transaction& tables) { return import_credentials(tables, act, account, text); },
                  [](bus::Message& out, const Import& import) {
                    write_list(out, import.added);
                    out.write_texts(import.left_out);
                  });
}

Result<Plan> plan_list(bus::Call& call, const Act&) {
  ALK_TRY(const std::string account, call.in.read_text());
  return reading([=](Transaction& tables) { return list_credentials(tables, account); },
                 write_list<Credential>);
}

Result<Plan> plan_revoke(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  return changing([=](Transaction& tables) { return revoke_credential(tables, act, reference); },
                  write_one<Credential>);
}

Result<Plan> plan_enable(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  ALK_TRY(const bool enabled, call.in.read_bool());
  return changing([=](Transaction& tables) { return enable_credential(tables, act, reference, enabled); },
                  write_one<Credential>);
}

Result<Plan> plan_create_api_key(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string account, call.in.read_text());
  NewApiKey given;
  ALK_TRY(given.hash, call.in.read_text());
  ALK_TRY(given.prefix, call.in.read_text());
  ALK_TRY_VOID(read_facts(call.in, given));
  return changing([=](Transaction& tables) { return create_api_key(tables, act, account, given); },
                  write_one<ApiKey>);
}

Result<Plan> plan_list_api_keys(bus::Call& call, const Act&) {
  ALK_TRY(const std::string account, call.in.read_text());
  return reading([=](Transaction& tables) { return list_api_keys(tables, account); }, write_list<ApiKey>);
}

Result<Plan> plan_revoke_api_key(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  return changing([=](Transaction& tables) { return revoke_api_key(tables, act, reference); },
                  write_one<ApiKey>);
}

} // namespace

Methods key_methods(StoreBus* self) {
  return {
      StoreBus::method(self, "AddKey", {{"s", "account"}, {"s", "line"}, {"a{sv}", "facts"}},
                       {{"a{sv}", "key"}}, plan_add),
      StoreBus::method(self, "ImportKeys", {{"s", "account"}, {"s", "text"}},
                       {{"aa{sv}", "added"}, {"as", "left_out"}}, plan_import),
      StoreBus::method(self, "ListKeys", {{"s", "account"}}, {{"aa{sv}", "keys"}}, plan_list),
      StoreBus::method(self, "RevokeKey", {{"s", "key"}}, {{"a{sv}", "key"}}, plan_revoke),
      StoreBus::method(self, "EnableKey", {{"s", "key"}, {"b", "enabled"}}, {{"a{sv}", "key"}}, plan_enable),
  };
}

Methods api_key_methods(StoreBus* self) {
  return {
      StoreBus::method(self, "CreateApiKey",
                       {{"s", "account"}, {"s", "hash"}, {"s", "prefix"}, {"a{sv}", "facts"}},
                       {{"a{sv}", "key"}}, plan_create_api_key),
      StoreBus::method(self, "ListApiKeys", {{"s", "account"}}, {{"aa{sv}", "keys"}}, plan_list_api_keys),
      StoreBus::method(self, "RevokeApiKey", {{"s", "key"}}, {{"a{sv}", "key"}}, plan_revoke_api_key),
  };
}

} // namespace alk::stored
