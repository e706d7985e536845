#include "alknet-authd/certificate_judge.hpp"

#include "alknet-authd/signature.hpp"
#include "pubkey/certificate.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

using pubkey::Certificate;

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Those of a certificate's principals that this line of a CA lets in; nothing when it lets nobody in. Without
// principals= that is the user who asks, or anybody when a cert-authority line meets a certificate that names
// nobody.
std::optional<std::vector<std::string>>
admitted(const KeyLine& line, const std::vector<std::string>& principals, std::string_view user) {
  std::vector<std::string> names;
  if (line.options.principals.empty()) {
    if (principals.empty() && !line.trusted) return names;
    if (holds(principals, user)) names.emplace_back(user);
  } else {
    std::copy_if(principals.begin(), principals.end(), std::back_inserter(names),
                 [&](const std::string& name) { return holds(line.options.principals, name); });
  }
  if (names.empty() || names.size() > max_admitted) return std::nullopt;
  return names;
}

// What the certificate alone tells against it.
std::optional<Refusal> objection(const Certificate& certificate, UnixSeconds now) {
  if (!signature_valid(certificate.authority, certificate.body, certificate.signature))
    return Refusal::Certificate;
  if (!certificate.for_user) return Refusal::Certificate;
  auto seconds = static_cast<std::uint64_t>(std::max<UnixSeconds>(now, 0));
  if (seconds < certificate.valid_after) return Refusal::NotYetValid;
  if (seconds >= certificate.valid_before) return Refusal::Expired;
  if (!certificate.understood) return Refusal::Certificate;
  return std::nullopt;
}

bool admits_address(const Certificate& certificate, std::string_view address) {
  if (!certificate.source_addresses) return true;
  auto parsed = parse_peer_address(address);
  return parsed && std::any_of(certificate.source_addresses->begin(), certificate.source_addresses->end(),
                               [&](const config::Network& network) { return network.contains(*parsed); });
}

Grant grant(const Certificate& certificate, const KeySet::Entry& authority, const Digest& key,
            std::vector<std::string> principals) {
  Grant grant = grant_of(fingerprint_text(key), authority.line.options);
  for (const std::string& name : principals) grant.identity.scopes.push_back("principal:" + name);
  Constraints& constraints = grant.constraints;
  constraints.no_port_forwarding |= !certificate.port_forwarding;
  if (certificate.valid_before != pubkey::valid_forever)
    constraints.expires =
        std::min(constraints.expires.value_or(pubkey::valid_forever), certificate.valid_before);
  // The user counts only where it was compared: then it is the one principal.
  std::string user =
      authority.line.options.principals.empty() && !principals.empty() ? principals.front() : "";
  constraints.credential = credential_text(
      {key, authority.digest, std::move(user), std::move(principals), certificate.valid_before});
  return grant;
}

Verdict judge_by(const KeySet::Entry& authority, const Certificate& certificate, const Digest& key,
                 const Attempt& attempt, UnixSeconds now) {
  auto principals = admitted(authority.line, certificate.principals, attempt.user);
  if (!principals) return Refusal::Principal;
  if (!admits_address(certificate, attempt.address)) return Refusal::From;
  if (auto refusal = refused_by(authority.line.options, attempt.address, now)) return *refusal;
  return grant(certificate, authority, key, std::move(*principals));
}

} // namespace

Result<Verdict> judge_certificate(const KeySet& keys, const Attempt& attempt, UnixSeconds now) {
  auto certificate = pubkey::parse_certificate(attempt.blob);
  if (!certificate && certificate.error().kind == Kind::Unsupported) return Verdict(Refusal::Unsupported);
  if (!certificate) return pass(std::move(certificate).error());
  auto authorities = keys.find_authority(sha256(certificate->authority));
  if (authorities.empty()) return Verdict(Refusal::UnknownAuthority);
  if (auto refusal = objection(*certificate, now)) return Verdict(*refusal);
  const Digest key = sha256(certificate->key);
  if (keys.is_authority(key)) return Verdict(Refusal::NotALoginKey);
  Verdict verdict = Refusal::UnknownAuthority;
  for (const KeySet::Entry* authority : authorities) {
    verdict = judge_by(*authority, *certificate, key, attempt, now);
    if (std::holds_alternative<Grant>(verdict)) break;
  }
  return verdict;
}

bool still_admitted(const KeySet& keys, const CertificateLogin& login, UnixSeconds now) {
  if (static_cast<std::uint64_t>(std::max<UnixSeconds>(now, 0)) >= login.valid_before) return false;
  if (keys.is_authority(login.key)) return false;
  auto authorities = keys.find_authority(login.authority);
  return std::any_of(authorities.begin(), authorities.end(), [&](const KeySet::Entry* authority) {
    return !expired(authority->line.options, now) &&
           admitted(authority->line, login.principals, login.user) == login.principals;
  });
}

} // namespace alk::authd
