// API keys: bearer texts of at least 256 random bits, known here by their SHA-256 alone. Whoever makes one
// (alknetctl) keeps its text to itself: it never comes this way.
//
// Errors: Invalid, NotFound (account, key), Conflict (the hash is known already).
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

inline constexpr std::string_view api_key_mark = "alk_";
inline constexpr std::size_t api_key_prefix = 8; // characters of the text that may be shown

struct ApiKey {
  std::string id;
  std::string owner_id;
  std::string prefix; // the text's first 8 characters, to recognise it by
  std::string name;
  bool enabled = true;
  std::optional<UnixSeconds> expires_at;
  std::optional<UnixSeconds> revoked_at;
  std::optional<UnixSeconds> last_used_at;
  std::vector<std::string> scopes; // added to the account's
  UnixSeconds created_at = 0;
};

struct NewApiKey {
  std::string hash; // 64 lower-case hexadecimal digits
  std::string prefix;
  std::string name;
  std::vector<std::string> scopes;
  std::optional<UnixSeconds> expires_at;
};

Result<ApiKey> create_api_key(Transaction& tables, const Act& act, std::string_view account,
                              const NewApiKey& given);
Result<std::vector<ApiKey>> list_api_keys(Transaction& tables, std::string_view account);
// By id, or by prefix when one key that is not revoked has it. Conflict: revoked before, or two have it.
Result<ApiKey> revoke_api_key(Transaction& tables, const Act& act, std::string_view reference);

} // namespace alk::stored
