// alknetctl account, org, apikey, audit, store and keys --account: what alknet-stored keeps.
#pragma once

#include "clients/store_client.hpp"
#include "verbs.hpp"

#include <optional>

namespace alk::alknetctl {

using clients::StoreClient;

// A connection of its own; alknet-stored is started by the first question.
struct Store {
  std::unique_ptr<Line> line;
  std::unique_ptr<StoreClient> client; // refers to it
};
Result<Store> connect_store(const Place& place);

// The id of an organisation that is given by its slug or its id; empty for an empty one.
Result<std::string> organization_id(StoreClient& store, const std::string& reference);

// What `account add` and `account set` are told; what is not given is not sent.
struct AccountWords {
  std::optional<std::string> email;
  std::optional<std::string> name;
  std::optional<std::string> level;
  std::optional<std::vector<std::string>> scopes;
};

int account_add(StoreClient& store, const AccountWords& words, const Output& output);
int account_list(StoreClient& store, const Output& output);
int account_show(StoreClient& store, const std::string& account, const Output& output);
int account_set(StoreClient& store, const std::string& account, const AccountWords& words,
                const Output& output);
int account_status(StoreClient& store, const std::string& account, const char* status, const Output& output);
int account_delete(StoreClient& store, const std::string& account, const Output& output);

int org_add(StoreClient& store, const std::string& slug, const std::string& name, const std::string& owner,
            const Output& output);
int org_list(StoreClient& store, const Output& output);
int org_members(StoreClient& store, const std::string& organization, const Output& output);
int org_set_member(StoreClient& store, const std::string& organization, const std::string& account,
                   const std::string& level, const Output& output);
int org_remove_member(StoreClient& store, const std::string& organization, const std::string& account,
                      const Output& output);
int org_transfer(StoreClient& store, const std::string& organization, const std::string& owner,
                 const Output& output);
int org_delete(StoreClient& store, const std::string& organization, const Output& output);
int org_erase(StoreClient& store, const std::string& id, const Output& output);

int account_keys_add(StoreClient& store, const std::string& account, const std::string& lines,
                     const Output& output);
int account_keys_list(StoreClient& store, const std::string& account, const Output& output);
int account_keys_remove(StoreClient& store, const std::string& account, const std::string& which,
                        const Output& output);

// `lifetime` as in the configuration ("30d"), empty: without end. The text is printed once and kept nowhere.
struct NewApiKey {
  std::string account;
  std::string name;
  std::vector<std::string> scopes;
  std::string lifetime;
};
int apikey_create(StoreClient& store, const NewApiKey& wanted, const Output& output);
int apikey_list(StoreClient& store, const std::string& account, const Output& output);
int apikey_revoke(StoreClient& store, const std::string& key, const Output& output);

struct AuditPage {
  std::uint64_t before = 0; // 0: the newest
  std::uint32_t limit = 100;
  std::string account; // only about this one
};
int audit_list(StoreClient& store, const AuditPage& page, const Output& output);
// Compares with `anchor`, or when it is empty with those of the journal, if `journal`; and their signatures
// with `key`, or when it is empty with the one that alknet-secretd tells. exit_failed when the log is not
// intact, a signature is wrong, or none is by the key that was given.
struct AuditCheck {
  std::string anchor;
  std::string key;
  bool journal = false;
};
int audit_verify(StoreClient& store, const AuditCheck& check, const Output& output);
int audit_prune(StoreClient& store, std::uint64_t sequence, const Output& output);

// Into a directory that is made. Progress goes to a terminal's standard error.
int store_backup(StoreClient& store, const std::string& directory, const Output& output);
// exit_failed when something is not as it should be.
int store_check(StoreClient& store, const Output& output);

// "alk_" and 256 random bits in base64url.
SecretBytes make_api_key();

} // namespace alk::alknetctl
