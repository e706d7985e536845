// The verdict about a public key that a peer offers or has signed with. Pure: keys, facts and the clock come
// in.
#pragma once

#include "alknet-authd/key_set.hpp"
#include "base/identity.hpp"
#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace alk::authd {

inline constexpr std::size_t max_find_revoked = 4096; // ids in one FindRevoked: what listend asks at a time

struct Grant {
  Identity identity;
  Constraints constraints;
};

enum class Refusal {
  UnknownKey,
  From,
  Expired,
  Unsupported,
  NotALoginKey,
  UnknownAuthority, // from here on: certificates
  Certificate,      // forged, of a host, or with a critical option that is not understood
  NotYetValid,
  Principal,
  MalformedToken, // from here on: tokens
  TokensOff,
  Signature,
  Stale,   // made too long ago, or in the future
  Revoked, // from here on: credentials of accounts
  AccountInactive,
  AccountsUnavailable, // they cannot be asked
};
inline constexpr Refusal refusals[] = {
    Refusal::UnknownKey,  Refusal::From,         Refusal::Expired,          Refusal::Unsupported,
    Refusal::Principal,   Refusal::NotALoginKey, Refusal::UnknownAuthority, Refusal::Certificate,
    Refusal::NotYetValid, Refusal::TokensOff,    Refusal::MalformedToken,   Refusal::Signature,
    Refusal::Stale,       Refusal::Revoked,      Refusal::AccountInactive,  Refusal::AccountsUnavailable,
};
std::string_view refusal_word(Refusal refusal); // the words of org.alknet.Auth1

using Verdict = std::variant<Grant, Refusal>;

// What a peer shows, and what is known of it.
struct Attempt {
  std::string_view blob;    // key or certificate, SSH wire encoding
  std::string_view user;    // as it called itself; certificates are compared with it
  std::string_view address; // literal IP address, empty when unknown (from= refuses then)
};

// Errors: Invalid (malformed key or certificate).
Result<Verdict> judge(const KeySet& keys, const Attempt& attempt, UnixSeconds now);

// Parts of a verdict that keys and the lines of their authorities share.
bool expired(const KeyOptions& options, UnixSeconds now);
std::optional<Refusal> refused_by(const KeyOptions& options, std::string_view address, UnixSeconds now);
Grant grant_of(std::string id, const KeyOptions& options);

// As a login of `id` by its key would get it now, without from=. Nothing when it would not be let in.
std::optional<Grant> look_up(const KeySet& keys, std::string_view id, UnixSeconds now);

// The same as a verdict; NotALoginKey for an authority.
Verdict judge_fingerprint(const KeySet& keys, std::string_view id, UnixSeconds now);

// Those of `ids` (identities, or Constraints::credential) that can no longer log in, in their order. Errors:
// Invalid (more than max_find_revoked).
Result<std::vector<std::string>> find_revoked(const KeySet& keys, const config::Auth& auth,
                                              const std::vector<std::string>& ids, UnixSeconds now);

// Identities whose keys `before` holds and that cannot log in with `after`.
std::vector<std::string> lost_identities(const KeySet& before, const KeySet& after, UnixSeconds now);

} // namespace alk::authd
