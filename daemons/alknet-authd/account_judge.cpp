#include "alknet-authd/account_judge.hpp"

#include "alknet-authd/certificate_judge.hpp"
#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "pubkey/auth_token.hpp"
#include "pubkey/certificate.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

constexpr std::string_view prefix = "account:1:"; // and the number of the format
constexpr std::size_t max_text = 16384;           // a certificate's credential, encoded once more

std::string hex(const Digest& digest) {
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool over(const AccountAnswer& answer, UnixSeconds now) {
  return answer.expires && static_cast<std::uint64_t>(std::max<UnixSeconds>(now, 0)) >= *answer.expires;
}

// What the line grants, as the account that owns it: its scopes instead of the default one, and those of
// principals.
Grant as_account(Grant grant, const AccountAnswer& answer, const Question& question) {
  std::vector<std::string> scopes = answer.scopes;
  for (std::string& scope : grant.identity.scopes)
    if (scope.starts_with("principal:")) scopes.push_back(std::move(scope));
  grant.identity = {answer.account, std::move(scopes), answer.resources};
  Constraints& constraints = grant.constraints;
  if (answer.expires)
    constraints.expires = std::min(constraints.expires.value_or(*answer.expires), *answer.expires);
  constraints.credential = account_credential({question, answer.credential, constraints.credential});
  return grant;
}

Verdict owned(Verdict verdict, const AccountAnswer& answer, const Question& question, UnixSeconds now) {
  auto* grant = std::get_if<Grant>(&verdict);
  if (grant == nullptr) return verdict;
  if (over(answer, now)) return Refusal::Expired;
  return as_account(std::move(*grant), answer, question);
}

std::optional<Question> question_about(std::string_view blob) {
  auto key = parse_key_blob(blob);
  if (!key) return std::nullopt;
  if (key->kind == KeyClass::Ed25519) return Question{"fingerprint", fingerprint_text(sha256(blob))};
  if (key->kind != KeyClass::Certificate) return std::nullopt;
  auto certificate = pubkey::parse_certificate(blob);
  if (!certificate) return std::nullopt;
  return Question{"fingerprint", fingerprint_text(sha256(certificate->authority))};
}

std::size_t weight_of(const std::vector<std::string>& texts) {
  std::size_t weight = 0;
  for (const std::string& text : texts) weight += sizeof text + text.size();
  return weight;
}

std::size_t weight_of(const AccountAnswer& answer) {
  std::size_t weight = answer.line.size() + weight_of(answer.scopes);
  for (const auto& [name, ids] : answer.resources) weight += name.size() + weight_of(ids);
  return weight;
}

} // namespace

KnownPtr read_answer(AccountAnswer answer) {
  AuthorizedKeys keys;
  parse_authorized_keys("account", answer.line, keys);
  const std::size_t weight = weight_of(answer);
  return std::make_shared<const Known>(Known{std::move(answer), KeySet::build(std::move(keys)), weight});
}

Inquiry inquire_key(const Attempt& attempt, UnixSeconds now) {
  auto question = question_about(attempt.blob);
  if (!question) return {};
  std::string blob(attempt.blob), user(attempt.user), address(attempt.address);
  return {{*question}, [=](const Known& known, const Question& asked) -> Verdict {
            auto judged = judge(known.keys, {blob, user, address}, now);
            if (!judged) return Refusal::UnknownKey;
            return owned(std::move(*judged), known.answer, asked, now);
          }};
}

Inquiry inquire_token(const config::Auth& auth, std::string_view token, std::string_view address,
                      UnixSeconds now) {
  Inquiry inquiry;
  if (token.starts_with(config::api_key_start)) inquiry.questions.push_back({"api-key", hex(sha256(token))});
  auto parsed = pubkey::parse_auth_token(token);
  if (parsed && auth.token.enabled) {
    inquiry.questions.push_back({"token-key", hex(parsed->key_id)});
    inquiry.questions.push_back({"fingerprint", fingerprint_text(parsed->key_id)});
  }
  config::Auth rules;
  rules.token = auth.token;
  // An API key is its hash and is not kept; an AuthToken says nothing that its holder could not say again.
  std::string text = parsed ? std::string(token) : std::string();
  inquiry.judge = [rules, text, address = std::string(address), now](const Known& known,
                                                                     const Question& asked) -> Verdict {
    if (asked.kind == "api-key") return owned(Grant{}, known.answer, asked, now);
    return owned(judge_auth_token(known.keys, rules.token, text, address, now), known.answer, asked, now);
  };
  return inquiry;
}

static Verdict judge_line(const KeySet& keys, const std::string& fingerprint, UnixSeconds now) {
  auto digest = parse_fingerprint(fingerprint);
  const auto authorities = digest ? keys.find_authority(*digest) : std::vector<const KeySet::Entry*>();
  if (authorities.empty()) return judge_fingerprint(keys, fingerprint, now);
  const KeyOptions& options = authorities.front()->line.options;
  return expired(options, now) ? Verdict(Refusal::Expired) : Verdict(grant_of(fingerprint, options));
}

Inquiry inquire_fingerprint(std::string_view fingerprint, UnixSeconds now) {
  return {{{"fingerprint", std::string(fingerprint)}}, [now](const Known& known, const Question& asked) {
            return owned(judge_line(known.keys, asked.value, now), known.answer, asked, now);
          }};
}

Refusal refusal_of(const AccountAnswer& answer) {
  if (answer.reason == "expired") return Refusal::Expired;
  if (answer.reason == "unknown") return Refusal::UnknownKey;
  if (answer.reason == "account-inactive") return Refusal::AccountInactive;
  return Refusal::Revoked; // for good, or switched off
}

std::string account_credential(const AccountLogin& login) {
  ByteWriter out;
  out.string(login.question.kind).string(login.question.value).string(login.credential).string(login.inner);
  return std::string(prefix) + base64url_encode(out.bytes());
}

std::optional<AccountLogin> parse_account_credential(std::string_view text) {
  if (!text.starts_with(prefix) || text.size() > max_text) return std::nullopt;
  auto bytes = base64url_decode(text.substr(prefix.size()));
  if (!bytes) return std::nullopt;
  ByteReader reader(*bytes);
  auto kind = reader.string(max_text), value = reader.string(max_text), id = reader.string(max_text);
  auto inner = reader.string(max_text);
  if (!kind || !value || !id || !inner || !reader.done()) return std::nullopt;
  return AccountLogin{{std::string(*kind), std::string(*value)}, std::string(*id), std::string(*inner)};
}

bool still_admitted(const AccountLogin& login, const Known& known, UnixSeconds now) {
  const AccountAnswer& answer = known.answer;
  if (!answer.accepted || answer.credential != login.credential || over(answer, now)) return false;
  if (login.question.kind == "api-key") return true;
  if (auto certificate = parse_credential(login.inner)) return still_admitted(known.keys, *certificate, now);
  return std::any_of(known.keys.logins().begin(), known.keys.logins().end(),
                     [&](const KeySet::Entry& entry) { return !expired(entry.line.options, now); });
}

} // namespace alk::authd
