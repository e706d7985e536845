#include "alknet-authd/token_judge.hpp"

#include "alknet-authd/signature.hpp"
#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/secret_bytes.hpp"
#include "pubkey/auth_token.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

constexpr std::string_view credential_prefix = "apikey:"; // and the hash

std::uint64_t seconds(UnixSeconds now) {
  return static_cast<std::uint64_t>(std::max<UnixSeconds>(now, 0));
}

std::string hash_text(std::string_view token) {
  const Digest digest = sha256(token);
  return config::api_key_hash_prefix +
         hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool over(const config::ApiKey& key, UnixSeconds now) {
  auto expires = key.expires();
  return expires && seconds(now) >= *expires;
}

Grant grant(const config::ApiKey& key) {
  Grant grant;
  grant.identity.id = key.prefix;
  grant.identity.scopes = key.scopes;
  grant.constraints.expires = key.expires();
  grant.constraints.credential = std::string(credential_prefix) + key.hash;
  return grant;
}

// Every entry is tried, and each comparison takes the same time: several keys may share their beginning, and
// how far a guess is right must not show.
const config::ApiKey* find_api_key(const std::vector<config::ApiKey>& keys, std::string_view token) {
  const std::string hash = hash_text(token);
  const config::ApiKey* found = nullptr;
  for (const config::ApiKey& key : keys)
    if (token.starts_with(key.prefix) && equal_constant_time(std::string_view(key.hash), hash)) found = &key;
  return found;
}

bool in_window(std::uint64_t timestamp, std::uint64_t now, std::chrono::seconds window) {
  auto apart = timestamp > now ? timestamp - now : now - timestamp;
  return apart <= static_cast<std::uint64_t>(window.count());
}

} // namespace

Verdict judge_auth_token(const KeySet& keys, const config::Token& rules, std::string_view text,
                         std::string_view address, UnixSeconds now) {
  auto token = pubkey::parse_auth_token(text);
  if (!token) return Refusal::MalformedToken;
  if (!rules.enabled) return Refusal::TokensOff;
  const KeySet::Entry* entry = keys.find_token_key(token->key_id);
  if (entry == nullptr) return Refusal::UnknownKey;
  std::string signature = ByteWriter().string("ssh-ed25519").string(token->signature).take();
  if (!signature_valid(entry->line.blob, token->message(), signature)) return Refusal::Signature;
  if (!in_window(token->timestamp, seconds(now), rules.max_token_age)) return Refusal::Stale;
  if (auto refusal = refused_by(entry->line.options, address, now)) return *refusal;
  return grant_of(fingerprint_text(entry->digest), entry->line.options);
}

Verdict judge_token(const KeySet& keys, const config::Auth& auth, std::string_view token,
                    std::string_view address, UnixSeconds now) {
  if (token.size() > max_token) return Refusal::MalformedToken;
  if (token.starts_with(config::api_key_start)) {
    if (const config::ApiKey* key = find_api_key(auth.api_keys, token))
      return over(*key, now) ? Verdict(Refusal::Expired) : Verdict(grant(*key));
    if (token.size() != pubkey::auth_token_length) return Refusal::UnknownKey;
  }
  return judge_auth_token(keys, auth.token, token, address, now);
}

bool is_api_key_credential(std::string_view credential) {
  return credential.starts_with(credential_prefix);
}

bool api_key_still_there(const config::Auth& auth, std::string_view credential, UnixSeconds now) {
  credential.remove_prefix(credential_prefix.size());
  return std::any_of(auth.api_keys.begin(), auth.api_keys.end(),
                     [&](const config::ApiKey& key) { return key.hash == credential && !over(key, now); });
}

} // namespace alk::authd
