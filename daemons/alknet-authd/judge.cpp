#include "alknet-authd/judge.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

// sshd refuses one second later (valid_before < now); the second named is the first that is too late.
bool expired(const KeyOptions& options, UnixSeconds now) {
  return options.expires && now >= *options.expires;
}

bool admits(const KeyOptions& options, std::string_view address) {
  if (!options.from) return true;
  auto parsed = parse_peer_address(address);
  return parsed && options.from->admits(*parsed);
}

std::optional<std::vector<std::string>> limit(const std::vector<std::string>& permits) {
  if (permits.empty()) return std::nullopt;
  return permits;
}

Grant grant(const KeySet::Entry& entry) {
  const KeyOptions& options = entry.line.options;
  Grant grant;
  grant.identity.id = fingerprint_text(entry.digest);
  grant.identity.scopes.emplace_back(default_scope);
  grant.constraints.permit_open = limit(options.permitopen);
  grant.constraints.permit_listen = limit(options.permitlisten);
  grant.constraints.no_port_forwarding = !options.port_forwarding;
  if (options.expires) grant.constraints.expires = static_cast<std::uint64_t>(*options.expires);
  return grant;
}

} // namespace

std::string_view refusal_word(Refusal refusal) {
  switch (refusal) {
  case Refusal::UnknownKey: return "unknown-key";
  case Refusal::From: return "from";
  case Refusal::Expired: return "expired";
  case Refusal::Unsupported: return "unsupported";
  case Refusal::NotALoginKey: return "not-a-login-key";
  }
  return "unknown-key";
}

Result<Verdict> judge(const KeySet& keys, std::string_view blob, std::string_view address, UnixSeconds now) {
  auto key = parse_key_blob(blob);
  if (!key && key.error().kind != Kind::Unsupported) return pass(std::move(key).error());
  if (keys.is_authority(blob)) return Verdict(Refusal::NotALoginKey);
  if (!key || key->kind != KeyClass::Ed25519) return Verdict(Refusal::Unsupported);
  const KeySet::Entry* entry = keys.find_login(blob);
  if (entry == nullptr) return Verdict(Refusal::UnknownKey);
  if (!admits(entry->line.options, address)) return Verdict(Refusal::From);
  if (expired(entry->line.options, now)) return Verdict(Refusal::Expired);
  return Verdict(grant(*entry));
}

std::optional<Grant> look_up(const KeySet& keys, std::string_view id, UnixSeconds now) {
  const KeySet::Entry* entry = keys.find_login_by_id(id);
  if (entry == nullptr || expired(entry->line.options, now)) return std::nullopt;
  return grant(*entry);
}

Result<std::vector<std::string>> find_revoked(const KeySet& keys, const std::vector<std::string>& ids,
                                              UnixSeconds now) {
  if (ids.size() > max_find_revoked)
    return fail(Kind::Invalid, "more than " + std::to_string(max_find_revoked) + " identities");
  std::vector<std::string> revoked;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(revoked),
               [&](const std::string& id) { return !look_up(keys, id, now); });
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
