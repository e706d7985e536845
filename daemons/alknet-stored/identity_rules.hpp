// What the texts of identities may look like. Errors: Invalid, with a sentence for the caller.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace alk::stored {

inline constexpr std::size_t max_email = 254; // RFC 5321's longest path, without its brackets
inline constexpr std::size_t max_name = 128;  // bytes; for people to read
inline constexpr std::size_t max_slug = 64;
inline constexpr std::size_t max_scope = 128; // bytes of one scope
inline constexpr std::size_t max_scopes = 64; // of one account or credential
// Of one account; each is looked at when all are listed.
inline constexpr std::size_t max_credentials = 1000;
inline constexpr std::int64_t max_page = 1000; // rows of one list

// One "@" between two parts, no blanks or control characters; compared without case.
Result<std::string> check_email(std::string_view text);         // lower case
Result<void> check_name(std::string_view text);                 // no control characters; may be empty
Result<void> check_slug(std::string_view text);                 // a-z, 0-9 and "-", which does not begin it
Result<void> check_scopes(std::span<const std::string> scopes); // visible ASCII
Result<void> check_word(std::string_view text, std::span<const std::string_view> words, const char* what);

inline constexpr std::string_view access_levels[] = {"admin", "user", "service"};
inline constexpr std::string_view account_states[] = {"active", "suspended", "deactivated"};
inline constexpr std::string_view member_levels[] = {"admin", "member"}; // the owner is made otherwise

} // namespace alk::stored
