#include "alknet-stored/identity_rules.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

bool control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool blank_or_control(char c) {
  return c == ' ' || control(c);
}

bool visible(char c) {
  return c > 0x20 && c < 0x7f;
}

bool slug_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

} // namespace

Result<std::string> check_email(std::string_view text) {
  const auto at = text.find('@');
  const bool parts = at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos;
  if (!parts || text.size() > max_email || std::any_of(text.begin(), text.end(), blank_or_control) ||
      !is_utf8(text))
    return fail(Kind::Invalid, "an email address is NAME@DOMAIN, without blanks, of 254 bytes at most");
  return to_lower(text);
}

Result<void> check_name(std::string_view text) {
  if (text.size() > max_name || std::any_of(text.begin(), text.end(), control) || !is_utf8(text))
    return fail(Kind::Invalid, "a name has 128 bytes at most and no control characters");
  return {};
}

Result<void> check_slug(std::string_view text) {
  if (text.empty() || text.size() > max_slug || text.front() == '-' ||
      !std::all_of(text.begin(), text.end(), slug_byte))
    return fail(Kind::Invalid, "a slug has 1 to 64 of a-z, 0-9 and \"-\", and does not begin with \"-\"");
  return {};
}

Result<void> check_scopes(std::span<const std::string> scopes) {
  if (scopes.size() > max_scopes) return fail(Kind::Invalid, "more than 64 scopes");
  for (const std::string& scope : scopes)
    if (scope.empty() || scope.size() > max_scope || !std::all_of(scope.begin(), scope.end(), visible))
      return fail(Kind::Invalid, "a scope has 1 to 128 visible ASCII characters");
  return {};
}

Result<void> check_word(std::string_view text, std::span<const std::string_view> words, const char* what) {
  if (std::find(words.begin(), words.end(), text) != words.end()) return {};
  std::string list;
  for (std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return fail(Kind::Invalid, std::string(what) + " is one of " + list);
}

} // namespace alk::stored
