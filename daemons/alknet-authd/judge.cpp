#include "alknet-authd/judge.hpp"

#include "alknet-authd/certificate_judge.hpp"
#include "alknet-authd/token_judge.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

bool admits(const KeyOptions& options, std::string_view address) {
  if (!options.from) return true;
  auto parsed = parse_peer_address(address);
  return parsed && options.from->admits(*parsed);
}

std::optional<std::vector<std::string>> limit(const std::vector<std::string>& permits) {
  if (permits.empty()) return std::nullopt;
  return permits;
}

} // namespace

// sshd refuses one second later (valid_before < now); the second named is the first that is too late.
bool expired(const KeyOptions& options, UnixSeconds now) {
  return options.expires && now >= *options.expires;
}

std::optional<Refusal> refused_by(const KeyOptions& options, std::string_view address, UnixSeconds now) {
  if (!admits(options, address)) return Refusal::From;
  if (expired(options, now)) return Refusal::Expired;
  return std::nullopt;
}

Grant grant_of(std::string id, const KeyOptions& options) {
  Grant grant;
  grant.identity.id = std::move(id);
  grant.identity.scopes.emplace_back(default_scope);
  grant.constraints.permit_open = limit(options.permitopen);
  grant.constraints.permit_listen = limit(options.permitlisten);
  grant.constraints.no_port_forwarding = !options.port_forwarding;
  if (options.expires) grant.constraints.expires = static_cast<std::uint64_t>(*options.expires);
  return grant;
}

std::string_view refusal_word(Refusal refusal) {
  switch (refusal) {
  case Refusal::UnknownKey: return "unknown-key";
  case Refusal::From: return "from";
  case Refusal::Expired: return "expired";
  case Refusal::Unsupported: return "unsupported";
  case Refusal::NotALoginKey: return "not-a-login-key";
  case Refusal::UnknownAuthority: return "unknown-authority";
  case Refusal::Certificate: return "certificate";
  case Refusal::NotYetValid: return "not-yet-valid";
  case Refusal::Principal: return "principal";
  case Refusal::MalformedToken: return "malformed";
  case Refusal::TokensOff: return "tokens-off";
  case Refusal::Signature: return "signature";
  case Refusal::Stale: return "stale";
  case Refusal::Revoked: return "revoked";
  case Refusal::AccountInactive: return "account-inactive";
  case Refusal::AccountsUnavailable: return "accounts-unavailable";
  }
  return "unknown-key";
}

Result<Verdict> judge(const KeySet& keys, const Attempt& attempt, UnixSeconds now) {
  auto key = parse_key_blob(attempt.blob);
  if (!key && key.error().kind != Kind::Unsupported) return pass(std::move(key).error());
  if (key && key->kind == KeyClass::Certificate) return judge_certificate(keys, attempt, now);
  if (keys.is_authority(sha256(attempt.blob))) return Verdict(Refusal::NotALoginKey);
  if (!key || key->kind != KeyClass::Ed25519) return Verdict(Refusal::Unsupported);
  const KeySet::Entry* entry = keys.find_login(attempt.blob);
  if (entry == nullptr) return Verdict(Refusal::UnknownKey);
  const KeyOptions& options = entry->line.options;
  if (auto refusal = refused_by(options, attempt.address, now)) return Verdict(*refusal);
  return Verdict(grant_of(fingerprint_text(entry->digest), options));
}

std::optional<Grant> look_up(const KeySet& keys, std::string_view id, UnixSeconds now) {
  const KeySet::Entry* entry = keys.find_login_by_id(id);
  if (entry == nullptr || expired(entry->line.options, now)) return std::nullopt;
  return grant_of(fingerprint_text(entry->digest), entry->line.options);
}

Verdict judge_fingerprint(const KeySet& keys, std::string_view id, UnixSeconds now) {
  if (auto digest = parse_fingerprint(id); digest && keys.is_authority(*digest)) return Refusal::NotALoginKey;
  if (auto grant = look_up(keys, id, now)) return std::move(*grant);
  return keys.find_login_by_id(id) != nullptr ? Refusal::Expired : Refusal::UnknownKey;
}

static bool still_let_in(const KeySet& keys, const config::Auth& auth, const std::string& id,
                         UnixSeconds now) {
  if (is_api_key_credential(id)) return api_key_still_there(auth, id, now);
  if (auto login = parse_credential(id)) return still_admitted(keys, *login, now);
  return look_up(keys, id, now).has_value();
}

Result<std::vector<std::string>> find_revoked(const KeySet& keys, const config::Auth& auth,
                                              const std::vector<std::string>& ids, UnixSeconds now) {
  if (ids.size() > max_find_revoked)
    return fail(Kind::Invalid, "more than " + std::to_string(max_find_revoked) + " identities");
  std::vector<std::string> revoked;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(revoked),
               [&](const std::string& id) { return !still_let_in(keys, auth, id, now); });
  return revoked;
}

std::vector<std::string> lost_identities(const KeySet& before, const KeySet& after, UnixSeconds now) {
  std::vector<std::string> lost;
  for (const KeySet::Entry& entry : before.logins()) {
    std::string id = fingerprint_text(entry.digest);
    if (!look_up(after, id, now)) lost.push_back(std::move(id));
  }
  return lost;
}

} // namespace alk::authd
