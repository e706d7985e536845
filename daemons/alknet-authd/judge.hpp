// The verdict about a public key that a peer offers or has signed with. Pure: keys, facts and the clock come
// in.
#pragma once

#include "alknet-authd/key_set.hpp"
#include "base/identity.hpp"

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

enum class Refusal { UnknownKey, From, Expired, Unsupported, NotALoginKey };
inline constexpr Refusal refusals[] = {Refusal::UnknownKey, Refusal::From, Refusal::Expired,
                                       Refusal::Unsupported, Refusal::NotALoginKey};
std::string_view refusal_word(Refusal refusal); // the words of org.alknet.Auth1

using Verdict = std::variant<Grant, Refusal>;

// `address`: literal IP address of the peer, empty when unknown (a key with from= is refused then).
// Errors: Invalid (malformed key).
Result<Verdict> judge(const KeySet& keys, std::string_view blob, std::string_view address, UnixSeconds now);

// As a login of `id` would get it now, without from=. Nothing when it would not be let in.
std::optional<Grant> look_up(const KeySet& keys, std::string_view id, UnixSeconds now);

// Those of `ids` that can no longer log in, in their order. Errors: Invalid (more than max_find_revoked).
Result<std::vector<std::string>> find_revoked(const KeySet& keys, const std::vector<std::string>& ids,
                                              UnixSeconds now);

// Identities that `before` names and that cannot log in with `after`.
std::vector<std::string> lost_identities(const KeySet& before, const KeySet& after, UnixSeconds now);

} // namespace alk::authd
