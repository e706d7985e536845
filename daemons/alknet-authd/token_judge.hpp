// The verdict about a bearer: an API key of the configuration, or an AuthToken made with a login key
// (network.md 5.6 and 5.7). What begins with "alk_" is an API key; where none fits and it has the length of
// an AuthToken it is judged as one, which may begin so, too.
#pragma once

#include "alknet-authd/judge.hpp"
#include "config/config.hpp"

namespace alk::authd {

inline constexpr std::size_t max_token = 256; // both kinds are shorter

// `token` as it was presented; it is never repeated in a log or an answer. `address`: as Attempt has it.
Verdict judge_token(const KeySet& keys, const config::Auth& auth, std::string_view token,
                    std::string_view address, UnixSeconds now);

// An AuthToken alone.
Verdict judge_auth_token(const KeySet& keys, const config::Token& rules, std::string_view token,
                         std::string_view address, UnixSeconds now);

// Whether it names an API key of the configuration.
bool is_api_key_credential(std::string_view credential);
// Whether the API key of that credential would still be let in.
bool api_key_still_there(const config::Auth& auth, std::string_view credential, UnixSeconds now);

} // namespace alk::authd
