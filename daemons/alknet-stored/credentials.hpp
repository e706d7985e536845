// What an account logs in with: SSH keys and certificate authorities (peer credentials). A key belongs to one
// account at a time; a revoked one may be given again, its rows stay.
//
// A reference to a credential is its id or, while it is not revoked, its fingerprint (SHA256:...). Errors:
// Invalid (no usable line of authorized_keys(5)), NotFound, Conflict (the key has an owner already).
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

// Lines of one import; each is a row and an event of the same transaction.
inline constexpr std::size_t max_import = 500;

struct Credential {
  std::string id;
  std::string owner_id;
  std::string type; // ssh_key, cert_authority
  std::string fingerprint;
  std::string line; // as in authorized_keys(5), with its options and without its comment
  std::string name;
  bool enabled = true;
  std::optional<UnixSeconds> expires_at;
  std::optional<UnixSeconds> revoked_at;
  std::optional<UnixSeconds> last_used_at;
  std::vector<std::string> scopes; // added to the account's
  UnixSeconds created_at = 0;
};

struct NewCredential {
  std::string line; // one line of authorized_keys(5); its comment is the name when `name` is empty
  std::string name;
  std::vector<std::string> scopes;
  std::optional<UnixSeconds> expires_at; // the earlier of this and the line's expiry-time= counts
};

Result<Credential> add_credential(Transaction& tables, const Act& act, std::string_view account,
                                  const NewCredential& given);

struct Import {
  std::vector<Credential> added;
  std::vector<std::string> left_out; // "LINE: reason", without the text of the line
};
// Every line that can be used; the rest is said. Invalid: more than max_import keys.
Result<Import> import_credentials(Transaction& tables, const Act& act, std::string_view account,
                                  std::string_view text);

// All of an account, revoked ones too, oldest first.
Result<std::vector<Credential>> list_credentials(Transaction& tables, std::string_view account);
Result<Credential> require_credential(Transaction& tables, std::string_view reference);
// For good. Conflict: was revoked before.
Result<Credential> revoke_credential(Transaction& tables, const Act& act, std::string_view reference);
Result<Credential> enable_credential(Transaction& tables, const Act& act, std::string_view reference,
                                     bool enabled);

} // namespace alk::stored
