// alknetctl account and keys --account: who may use the server.
#include "entries.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

Result<Store> connect_store(const Place& place) {
  ALK_TRY(Line line, open_line(place));
  Store store{std::make_unique<Line>(std::move(line)), nullptr};
  store.client = std::make_unique<StoreClient>(store.line->connection);
  return store;
}

namespace {

bus::Dictionary facts_of(const AccountWords& words) {
  bus::Dictionary facts;
  if (words.email) facts["email"] = *words.email;
  if (words.name) facts["display_name"] = *words.name;
  if (words.level) facts["access_level"] = *words.level;
  if (words.scopes) facts["scopes"] = *words.scopes;
  return facts;
}

// One account, all of it.
int print_account(const Result<bus::Dictionary>& account, const Output& output) {
  if (!account) return report(account.error(), output);
  if (output.format == Format::Json) {
    print_json(entry_json(*account), output);
    return exit_ok;
  }
  for (const char* name : {"id", "email", "display_name", "access_level", "status", "scopes"})
    output.out << name << ": " << entry_cell(*account, name) << '\n';
  output.out << "created_at: " << entry_date(*account, "created_at") << '\n';
  return exit_ok;
}

std::string key_state(const bus::Dictionary& key) {
  if (has_entry(key, "revoked_at")) return "revoked";
  return entry_true(key, "enabled") ? "live" : "disabled";
}

} // namespace

int account_add(StoreClient& store, const AccountWords& words, const Output& output) {
  return print_account(store.create_account(facts_of(words)), output);
}

int account_list(StoreClient& store, const Output& output) {
  auto accounts = store.list_accounts();
  if (!accounts) return report(accounts.error(), output);
  if (output.format == Format::Json) {
    print_json({{"accounts", entries_json(*accounts)}}, output);
    return exit_ok;
  }
  Table table({"EMAIL", "NAME", "LEVEL", "STATUS", "SCOPES", "ID"});
  for (const auto& account : *accounts)
    table.add({entry_cell(account, "email"), entry_cell(account, "display_name"),
               entry_cell(account, "access_level"), entry_cell(account, "status"),
               entry_cell(account, "scopes"), entry_cell(account, "id")});
  table.print(output.out);
  return exit_ok;
}

int account_show(StoreClient& store, const std::string& account, const Output& output) {
  return print_account(store.account(account), output);
}

int account_set(StoreClient& store, const std::string& account, const AccountWords& words,
                const Output& output) {
  return print_account(store.update_account(account, facts_of(words)), output);
}

int account_status(StoreClient& store, const std::string& account, const char* status, const Output& output) {
  return print_account(store.update_account(account, {{"status", std::string(status)}}), output);
}

int account_delete(StoreClient& store, const std::string& account, const Output& output) {
  auto deleted = store.delete_account(account);
  if (!deleted) return report(deleted.error(), output);
  if (output.format == Format::Json)
    print_json({{"deleted", account}}, output);
  else
    output.out << "deleted " << words_cell(account) << '\n';
  return exit_ok;
}

// A key that could not be taken is an error, but the others are there.
int account_keys_add(StoreClient& store, const std::string& account, const std::string& lines,
                     const Output& output) {
  auto imported = store.import_keys(account, lines);
  if (!imported) return report(imported.error(), output);
  if (output.format == Format::Json)
    print_json({{"added", entries_json(imported->added)}, {"left_out", imported->left_out}}, output);
  else
    for (const auto& key : imported->added)
      output.out << "added " << entry_cell(key, "fingerprint") << ' ' << entry_cell(key, "name") << '\n';
  if (output.format == Format::Text)
    for (const std::string& line : imported->left_out)
      output.err << "error: line " << words_cell(line) << '\n';
  return imported->left_out.empty() && !imported->added.empty() ? exit_ok : exit_failed;
}

int account_keys_list(StoreClient& store, const std::string& account, const Output& output) {
  auto keys = store.list_keys(account);
  if (!keys) return report(keys.error(), output);
  if (output.format == Format::Json) {
    print_json({{"keys", entries_json(*keys)}}, output);
    return exit_ok;
  }
  Table table({"FINGERPRINT", "TYPE", "STATE", "NAME", "SCOPES", "EXPIRES", "LAST USED"});
  for (const auto& key : *keys)
    table.add({entry_cell(key, "fingerprint"), entry_cell(key, "type"), key_state(key),
               entry_cell(key, "name"), entry_cell(key, "scopes"), entry_date(key, "expires_at"),
               entry_date(key, "last_used_at")});
  table.print(output.out);
  return exit_ok;
}

// By fingerprint, id or name, but only one of that account.
int account_keys_remove(StoreClient& store, const std::string& account, const std::string& which,
                        const Output& output) {
  auto keys = store.list_keys(account);
  if (!keys) return report(keys.error(), output);
  std::vector<std::string> ids;
  for (const auto& key : *keys)
    for (const char* name : {"fingerprint", "id", "name"})
      if (const auto* text = bus::find<std::string>(key, name);
          text && *text == which && key_state(key) != "revoked") {
        ids.push_back(*bus::find<std::string>(key, "id"));
        break;
      }
  if (ids.empty()) return report(Error{Kind::NotFound, "the account has no such key", {}, {}}, output);
  if (ids.size() > 1)
    return report(Error{Kind::Conflict, "several keys have this name: take the fingerprint", {}, {}}, output);
  auto revoked = store.revoke_key(ids.front());
  if (!revoked) return report(revoked.error(), output);
  if (output.format == Format::Json)
    print_json({{"revoked", entry_json(*revoked)}}, output);
  else
    output.out << "revoked " << entry_cell(*revoked, "fingerprint") << ' ' << entry_cell(*revoked, "name")
               << '\n';
  return exit_ok;
}

} // namespace alk::alknetctl
