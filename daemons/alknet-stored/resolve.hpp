// Whose credential is this, and what may they do (services.md 7.4). Facts that do not depend on who asks: the
// options of a key's line and the signature of a certificate or token are alknet-authd's to judge.
#pragma once

#include "alknet-stored/accounts.hpp"

#include <map>
#include <variant>

namespace alk::stored {

// What an account has that was given no scope at all, itself or by the credential.
inline constexpr std::string_view default_scope = "relay:connect";

enum class Unresolved { Unknown, Revoked, Disabled, Expired, AccountInactive };
std::string_view unresolved_word(Unresolved reason); // "unknown", "account-inactive"

struct Resolved {
  std::string account_id;
  std::string credential_id;
  std::string credential_type; // ssh_key, cert_authority, api_key
  std::string key_line;        // of a key or CA: its authorized_keys(5) line; empty for an API key
  std::vector<std::string> scopes;
  std::map<std::string, std::vector<std::string>> resources;
  std::optional<UnixSeconds> expires_at;
};

using Resolution = std::variant<Resolved, Unresolved>;

enum class Presented {
  Fingerprint, // SHA256:... of a key or of the CA that signed a certificate
  TokenKey,    // hex SHA-256 of a raw Ed25519 key, which an AuthToken names
  ApiKey       // hex SHA-256 of the key's text
};
Result<Presented>
presented_from(std::string_view word); // "fingerprint", "token-key", "api-key"; else Invalid

Result<Resolution> resolve(Transaction& tables, Presented kind, std::string_view value, UnixSeconds now);

// When credentials were used last, in batches; ids that do not exist are skipped. No event and no revision:
// nothing is decided by it.
using Uses = std::vector<std::pair<std::string, UnixSeconds>>;
inline constexpr std::size_t max_uses = 1000;
Result<void> mark_used(Transaction& tables, const Uses& uses);

} // namespace alk::stored
