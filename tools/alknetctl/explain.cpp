// alknetctl explain: what the forwarding policy says, from the function that decides. The destination is
// printed back to the one who asked and is logged nowhere.
#include "explain.hpp"

#include "entries.hpp"
#include "format.hpp"

#include <algorithm>

namespace alk::alknetctl {

namespace {

constexpr std::int32_t by_default = -1;
constexpr std::int32_t by_constraint = -2;

const char* decided_by(std::int32_t rule) {
  if (rule == by_default) return "default";
  return rule == by_constraint ? "constraint" : "rule";
}

std::string reason(const clients::Explanation& explanation) {
  if (explanation.rule == by_default) return "by default";
  if (explanation.rule == by_constraint) return "by a constraint of the login: " + cell(explanation.text);
  return "by forwarding.rules[" + std::to_string(explanation.rule) + "]: " + cell(explanation.text);
}

std::string verdict_line(const clients::Explanation& explanation) {
  return (explanation.allowed ? "allowed " : "denied ") + reason(explanation);
}

Json explanation_json(const clients::Explanation& explanation) {
  return {{"allowed", explanation.allowed},
          {"decided_by", decided_by(explanation.rule)},
          {"rule", explanation.rule >= 0 ? Json(explanation.rule) : Json(nullptr)},
          {"text", explanation.text}};
}

std::string explained_text(const bus::Dictionary& entry, const char* name) {
  const auto* text = bus::find<std::string>(entry, name);
  return text != nullptr ? *text : std::string();
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + cell(text);
  return list.empty() ? "-" : list;
}

std::string resources_line(const Identity& identity) {
  std::string line;
  for (const auto& [name, ids] : identity.resources)
    line += (line.empty() ? "" : " ") + cell(name) + "=" + list_of(ids);
  return line.empty() ? "-" : line;
}

std::string constraints_line(const Constraints& constraints) {
  std::string line;
  auto add = [&line](const std::string& word) { line += (line.empty() ? "" : " ") + word; };
  if (constraints.permit_open) add("permitopen=" + list_of(*constraints.permit_open));
  if (constraints.permit_listen) add("permitlisten=" + list_of(*constraints.permit_listen));
  if (constraints.no_port_forwarding) add("no-port-forwarding");
  if (constraints.expires) add("expires=" + entry_date({{"expires", *constraints.expires}}, "expires"));
  return line.empty() ? "-" : line;
}

Json constraints_json(const Constraints& constraints) {
  Json document = Json::object();
  if (constraints.permit_open) document["permitopen"] = *constraints.permit_open;
  if (constraints.permit_listen) document["permitlisten"] = *constraints.permit_listen;
  if (constraints.no_port_forwarding) document["no_port_forwarding"] = true;
  if (constraints.expires) document["expires"] = *constraints.expires;
  return document;
}

Json key_json(const ExplainedKey& key) {
  Json document{{"fingerprint", explained_text(key.entry, "fingerprint")},
                {"type", explained_text(key.entry, "type")},
                {"name", explained_text(key.entry, "name")},
                {"accepted", key.login.accepted},
                {"reason", key.login.reason}};
  if (!key.login.accepted) return document;
  document["identity"] = key.login.identity.id;
  document["scopes"] = key.login.identity.scopes;
  document["resources"] = key.login.identity.resources;
  document["constraints"] = constraints_json(key.login.constraints);
  document.update(explanation_json(key.explanation));
  return document;
}

void print_key(const ExplainedKey& key, const Output& output) {
  output.out << entry_cell(key.entry, "fingerprint") << ' ' << entry_cell(key.entry, "name");
  if (explained_text(key.entry, "type") == "cert_authority")
    output.out << " (authority: each of its certificates)";
  output.out << ": ";
  if (!key.login.accepted) {
    output.out << "not let in: " << cell(key.login.reason) << '\n';
    // alknet-stored knows the key, so who decides has not asked it (or not since).
    if (key.login.reason == "unknown-key")
      output.out << "  is \"accounts\" one of the providers, [auth] in alknet.toml(5)?\n";
    return;
  }
  output.out << verdict_line(key.explanation) << '\n'
             << "  scopes: " << list_of(key.login.identity.scopes) << '\n'
             << "  resources: " << resources_line(key.login.identity) << '\n'
             << "  constraints: " << constraints_line(key.login.constraints) << '\n';
}

// Revoked ones are gone for good; of the others the login itself says what is wrong with them.
Result<std::vector<ExplainedKey>> explain_keys(StoreClient& store, Admin& admin, const std::string& account,
                                               const std::string& destination, const std::string& transport) {
  ALK_TRY(auto keys, store.list_keys(account));
  std::vector<ExplainedKey> explained;
  for (bus::Dictionary& entry : keys) {
    if (has_entry(entry, "revoked_at")) continue;
    const std::string fingerprint = explained_text(entry, "fingerprint");
    ALK_TRY(clients::Login login, admin.lookup_credential(fingerprint));
    ExplainedKey key{std::move(entry), std::move(login), {}};
    if (key.login.accepted) {
      ALK_TRY(key.explanation, admin.explain(fingerprint, destination, transport));
    }
    explained.push_back(std::move(key));
  }
  return explained;
}

} // namespace

int explain(Admin& admin, const std::string& identity, const std::string& destination,
            const std::string& transport, const Output& output) {
  auto explanation = admin.explain(identity, destination, transport);
  if (!explanation) return report(explanation.error(), output);
  if (output.format == Format::Json)
    print_json(explanation_json(*explanation), output);
  else
    output.out << verdict_line(*explanation) << '\n';
  return exit_ok;
}

// An email address, or a UUID: what identities of the configuration never look like.
bool names_account(std::string_view identity) {
  if (identity.find('@') != identity.npos) return true;
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return identity.size() == form.size() &&
         std::equal(form.begin(), form.end(), identity.begin(), [](char wanted, char c) {
           const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           return wanted == '-' ? c == '-' : digit;
         });
}

int explain_account(StoreClient& store, Admin& admin, const std::string& reference,
                    const std::string& destination, const std::string& transport, const Output& output) {
  auto account = store.account(reference);
  if (!account) return report(account.error(), output);
  const std::string status = explained_text(*account, "status");
  if (status != "active")
    return report(Error{Kind::Conflict, "the account is " + status + ": nobody is let in as it", {}, {}},
                  output);
  auto keys = explain_keys(store, admin, explained_text(*account, "id"), destination, transport);
  if (!keys) return report(keys.error(), output);
  if (keys->empty())
    return report(Error{Kind::NotFound, "the account has no key and no authority to log in with", {}, {}},
                  output);
  return print_explained(*account, *keys, output);
}

int print_explained(const bus::Dictionary& account, const std::vector<ExplainedKey>& keys,
                    const Output& output) {
  if (output.format == Format::Text) {
    output.out << "account " << entry_cell(account, "email") << ' ' << entry_cell(account, "id") << '\n';
    for (const ExplainedKey& key : keys) print_key(key, output);
    return exit_ok;
  }
  Json all = Json::array();
  for (const ExplainedKey& key : keys) all.push_back(key_json(key));
  const bool allowed = std::any_of(keys.begin(), keys.end(), [](const ExplainedKey& key) {
    return key.login.accepted && key.explanation.allowed;
  });
  print_json(
      {{"account", {{"id", explained_text(account, "id")}, {"email", explained_text(account, "email")}}},
       {"allowed", allowed},
       {"keys", all}},
      output);
  return exit_ok;
}

} // namespace alk::alknetctl
