#include "alknet-authd/auth_bus.hpp"

#include "alknet-authd/policy.hpp"
#include "alknet-authd/token_judge.hpp"
#include "base/secret_bytes.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "clients/identity_wire.hpp"
#include "clients/metrics_wire.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace alk::authd {

namespace {

// Facts about a peer are a handful of entries; more is no peer of ours.
constexpr std::size_t max_peer_facts = 64;
// What is longer is no fingerprint.
constexpr std::size_t max_fingerprint = 256;
// Identities in one Changed signal; more revocations come in further signals, within what readers accept.
constexpr std::size_t max_signal_ids = max_find_revoked;

// listend logs the attempt; this line is for finding out why, with the peer's words escaped.
void log_verdict(std::string_view blob, std::string_view user, std::string_view address,
                 std::string_view result) {
  if (!log::enabled(log::Level::Debug)) return;
  log::debug("verdict remote_addr=" + escape_token(address) + " user=" + escape_token(user) +
             " key_fingerprint=" + fingerprint_text(sha256(blob)) + " result=" + std::string(result));
}

std::string address_of(const bus::Dictionary& peer) {
  const std::string* literal = bus::find<std::string>(peer, "address");
  return literal != nullptr ? *literal : std::string();
}

std::string_view word_of(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "accept" : refusal_word(*refusal);
}

// What a configuration says about what it does not know.
bool unknown(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal != nullptr && (*refusal == Refusal::UnknownKey || *refusal == Refusal::UnknownAuthority);
}

struct Presented {
  std::string blob;
  std::string user;
  std::string address;
};

Result<Presented> read_login(bus::Call& call) {
  Presented login;
  ALK_TRY(login.blob, call.in.read_bytes(max_key_blob));
  ALK_TRY(login.user, call.in.read_text());
  ALK_TRY(bus::Dictionary peer, call.in.read_dictionary(max_peer_facts));
  login.address = address_of(peer);
  return login;
}

void write_verdict(bus::Message& out, const Verdict& verdict) {
  const auto* grant = std::get_if<Grant>(&verdict);
  if (grant == nullptr) {
    out.write_bool(false).write_text(word_of(verdict)).write_text("");
    return clients::write_grants(out, {}, {});
  }
  out.write_bool(true).write_text("").write_text(grant->identity.id);
  clients::write_grants(out, grant->identity, grant->constraints);
}

// A reason is a sentence of ours; as a token of a log line it reads better without what would be escaped.
std::string one_token(std::string sentence) {
  std::erase(sentence, '=');
  std::replace(sentence.begin(), sentence.end(), ' ', '-');
  return sentence;
}

void log_failure(std::string_view member, const Error& error) {
  log::write(log::Level::Error, log::event::reload_failed,
             {{"member", member}, {"kind", kind_name(error.kind)}});
  for (std::string_view line : split(error.what, '\n')) log::error(line);
}

} // namespace

AuthBus::AuthBus(Transactions& transactions, std::function<UnixSeconds()> now, std::function<void()> prepared,
                 Accounts& accounts)
    : transactions_(transactions), now_(std::move(now)), prepared_(std::move(prepared)), accounts_(accounts) {
}

Result<void> AuthBus::serve(bus::Connection& connection, bus::Accounts accounts) {
  ALK_TRY(object_, bus::Object::make(connection, bus_path, interface(this), std::move(accounts)));
  return {};
}

bus::Interface AuthBus::interface(AuthBus* self) {
  return {bus_name,
          methods(self),
          properties(self),
          {{"Changed", {{"t", "generation"}, {"as", "revoked"}}}},
          auth_policy};
}

std::vector<bus::Method> AuthBus::methods(AuthBus* self) {
  auto handler = [self](Result<void> (AuthBus::*member)(bus::Call&)) {
    return bus::Method::Answer([self, member](bus::Call& call) { return (self->*member)(call); });
  };
  auto later = [self](void (AuthBus::*member)(bus::Call)) {
    return bus::Method::Defer([self, member](bus::Call call) { (self->*member)(std::move(call)); });
  };
  const std::vector<bus::Argument> verdict{
      {"b", "accepted"}, {"s", "reason"},         {"s", "id"},
      {"as", "scopes"},  {"a{sas}", "resources"}, {"a{sv}", "constraints"}};
  return {
      {"VerifyPublicKey",
       {{"ay", "key"}, {"s", "user"}, {"a{sv}", "peer"}},
       verdict,
       later(&AuthBus::verify_public_key)},
      {"VerifyToken", {{"ay", "token"}, {"a{sv}", "peer"}}, verdict, later(&AuthBus::verify_token)},
      {"Lookup",
       {{"s", "id"}},
       {{"as", "scopes"}, {"a{sas}", "resources"}, {"a{sv}", "constraints"}},
       handler(&AuthBus::lookup)},
      {"LookupCredential", {{"s", "fingerprint"}}, verdict, later(&AuthBus::lookup_credential)},
      {"FindRevoked", {{"as", "ids"}}, {{"as", "revoked"}}, later(&AuthBus::find_revoked)},
      {"Prepare", {{"t", "transaction"}}, {{"s", "digest"}}, handler(&AuthBus::prepare)},
      {"Commit", {{"t", "transaction"}}, {{"t", "generation"}}, handler(&AuthBus::commit)},
      {"Abort", {{"t", "transaction"}}, {}, handler(&AuthBus::abort)},
      {"Reload", {}, {{"t", "generation"}}, handler(&AuthBus::reload)},
      {"GetMetrics", {}, {{clients::metrics_type, "metrics"}}, handler(&AuthBus::get_metrics)},
  };
}

std::vector<bus::Property> AuthBus::properties(AuthBus* self) {
  using bus::Emits;
  using bus::Message;
  auto count = [](std::size_t number) { return static_cast<std::uint32_t>(number); };
  return {
      {"Version", "s", Emits::Constant, [](Message& out) { out.write_text(version()); }},
      {"Generation", "t", Emits::Change,
       [self](Message& out) { out.write_u64(self->transactions_.generation()); }},
      {"ConfigDigest", "s", Emits::Change,
       [self](Message& out) { out.write_text(self->transactions_.current()->digest); }},
      {"KeyCount", "u", Emits::Change,
       [self, count](Message& out) {
         out.write_u32(count(self->transactions_.current()->keys.login_count()));
       }},
      {"CertificateAuthorityCount", "u", Emits::Change,
       [self, count](Message& out) {
         out.write_u32(count(self->transactions_.current()->keys.authority_count()));
       }},
      {"Warnings", "as", Emits::Change,
       [self](Message& out) { out.write_texts(self->transactions_.current()->keys.warnings().texts()); }},
      {"Accounts", "s", Emits::Never, [self](Message& out) { out.write_text(self->accounts_word()); }},
  };
}

// The configuration decides unless it knows nothing of it. Accounts that come first and do not know it, or
// cannot be asked, leave it to the configuration: what stands in files logs in while the storage is down.
void AuthBus::decide(Verdict configured, const std::function<Inquiry()>& inquire,
                     std::function<void(const Verdict&)> done, Accounts::Use use) {
  const auto& providers = transactions_.current()->auth.providers;
  const bool first = providers.front() == config::Provider::Configured;
  if (providers.size() == 1 || (first && !unknown(configured))) return done(configured);
  Inquiry inquiry = inquire();
  if (inquiry.questions.empty()) return done(configured);
  auto judged = [configured, done](std::optional<Verdict> told) {
    if (!told) return done(configured);
    const auto* refusal = std::get_if<Refusal>(&*told);
    const bool down = refusal != nullptr && *refusal == Refusal::AccountsUnavailable;
    done(down && !unknown(configured) ? configured : *told);
  };
  accounts_.judge(std::move(inquiry), std::move(judged), use);
}

void AuthBus::verify_public_key(bus::Call call) {
  auto shared = std::make_shared<bus::Call>(std::move(call));
  auto asked = read_login(*shared);
  if (!asked) return shared->finish(pass(std::move(asked).error()));
  auto snapshot = transactions_.current();
  const Attempt attempt{asked->blob, asked->user, asked->address};
  auto judged = judge(snapshot->keys, attempt, now_());
  if (!judged) {
    counts_.verdict(judged);
    return shared->finish(pass(std::move(judged).error()));
  }
  auto inquire = [&] { return inquire_key(attempt, now_()); };
  decide(*judged, inquire, [this, shared, login = *asked](const Verdict& verdict) {
    counts_.verdict(verdict);
    log_verdict(login.blob, login.user, login.address, word_of(verdict));
    write_verdict(shared->out, verdict);
    shared->finish({});
  });
}

// Who presented it is for the caller to log; of the token itself nothing is.
void AuthBus::verify_token(bus::Call call) {
  auto shared = std::make_shared<bus::Call>(std::move(call));
  auto token = shared->in.read_bytes(max_token);
  if (!token) return shared->finish(pass(std::move(token).error()));
  SecretBytes secret(*token);
  wipe(std::as_writable_bytes(std::span(*token)));
  auto peer = shared->in.read_dictionary(max_peer_facts);
  if (!peer) return shared->finish(pass(std::move(peer).error()));
  const std::string address = address_of(*peer);
  auto snapshot = transactions_.current();
  Verdict configured = judge_token(snapshot->keys, snapshot->auth, secret.view(), address, now_());
  auto inquire = [&] { return inquire_token(snapshot->auth, secret.view(), address, now_()); };
  decide(std::move(configured), inquire, [this, shared](const Verdict& verdict) {
    counts_.token(verdict);
    log::debug("token verdict result=" + std::string(word_of(verdict)));
    write_verdict(shared->out, verdict);
    shared->finish({});
  });
}

Result<void> AuthBus::lookup(bus::Call& call) {
  ALK_TRY(std::string id, call.in.read_text());
  auto grant = look_up(transactions_.current()->keys, id, now_());
  if (!grant) return fail(Kind::NotFound, "no such identity may log in");
  clients::write_grants(call.out, grant->identity, grant->constraints);
  return {};
}

// Nobody logs in: it is not counted.
void AuthBus::lookup_credential(bus::Call call) {
  auto shared = std::make_shared<bus::Call>(std::move(call));
  auto fingerprint = shared->in.read_text(max_fingerprint);
  if (!fingerprint) return shared->finish(pass(std::move(fingerprint).error()));
  auto inquire = [&] { return inquire_fingerprint(*fingerprint, now_()); };
  auto done = [shared](const Verdict& verdict) {
    write_verdict(shared->out, verdict);
    shared->finish({});
  };
  decide(judge_fingerprint(transactions_.current()->keys, *fingerprint, now_()), inquire, std::move(done),
         Accounts::Use::Question);
}

void AuthBus::find_revoked(bus::Call call) {
  auto shared = std::make_shared<bus::Call>(std::move(call));
  auto ids = shared->in.read_texts(max_find_revoked);
  if (!ids) return shared->finish(pass(std::move(ids).error()));
  // Without accounts their logins are nobody's.
  auto snapshot = transactions_.current();
  std::vector<std::string> of_accounts;
  if (accounts_on()) {
    auto rest = std::stable_partition(ids->begin(), ids->end(),
                                      [](const std::string& id) { return !parse_account_credential(id); });
    of_accounts.assign(rest, ids->end());
    ids->erase(rest, ids->end());
  }
  auto revoked = authd::find_revoked(snapshot->keys, snapshot->auth, *ids, now_());
  if (!revoked) return shared->finish(pass(std::move(revoked).error()));
  accounts_.find_revoked(std::move(of_accounts), now_(),
                         [shared, all = std::move(*revoked)](std::vector<std::string> more) mutable {
                           all.insert(all.end(), more.begin(), more.end());
                           shared->out.write_texts(all);
                           shared->finish({});
                         });
}

Result<void> AuthBus::prepare(bus::Call& call) {
  ALK_TRY(std::uint64_t transaction, call.in.read_u64());
  auto digest = transactions_.prepare(transaction);
  if (!digest) {
    counts_.reload(false);
    log_failure("Prepare", digest.error());
    return pass(std::move(digest).error());
  }
  prepared_();
  call.out.write_text(*digest);
  return {};
}

Result<void> AuthBus::commit(bus::Call& call) {
  ALK_TRY(std::uint64_t transaction, call.in.read_u64());
  ALK_TRY(auto committed, transactions_.commit(transaction));
  announce(committed);
  call.out.write_u64(committed.generation);
  return {};
}

Result<void> AuthBus::abort(bus::Call& call) {
  ALK_TRY(std::uint64_t transaction, call.in.read_u64());
  transactions_.abort(transaction);
  return {};
}

Result<void> AuthBus::reload(bus::Call& call) {
  auto committed = transactions_.reload();
  if (!committed) {
    counts_.reload(false);
    log_failure("Reload", committed.error());
    return pass(std::move(committed).error());
  }
  announce(*committed);
  call.out.write_u64(committed->generation);
  return {};
}

Result<void> AuthBus::get_metrics(bus::Call& call) {
  clients::write_metrics(call.out, counts_.metrics());
  return {};
}

// What is in force is in force: a bus that cannot carry the news is logged and changes nothing about that.
void AuthBus::announce(const Transactions::Committed& committed) {
  counts_.reload(true);
  auto snapshot = transactions_.current();
  log::write(log::Level::Info, log::event::reload_done,
             {{"generation", committed.generation},
              {"keys", static_cast<std::uint64_t>(snapshot->keys.login_count())},
              {"authorities", static_cast<std::uint64_t>(snapshot->keys.authority_count())},
              {"revoked", static_cast<std::uint64_t>(committed.revoked.size())}});
  log_snapshot(*snapshot);
  std::span<const std::string> rest(committed.revoked);
  do {
    auto part = rest.first(std::min(rest.size(), max_signal_ids));
    rest = rest.subspan(part.size());
    if (auto sent = emit_changed(committed.generation, part); !sent) log::error(sent.error().describe());
  } while (!rest.empty());
  auto told =
      object_->changed({"Generation", "ConfigDigest", "KeyCount", "CertificateAuthorityCount", "Warnings"});
  if (!told) log::error(told.error().describe());
}

const char* AuthBus::accounts_word() const {
  if (!accounts_on()) return "off";
  return accounts_.answering() ? "on" : "unavailable";
}

// Nothing of the configuration changed; listend asks about every session when it hears this.
void AuthBus::accounts_changed() {
  if (!accounts_on()) return;
  if (auto sent = emit_changed(transactions_.generation(), {}); !sent) log::debug(sent.error().describe());
}

Result<void> AuthBus::emit_changed(std::uint64_t generation, std::span<const std::string> revoked) {
  bus::Message signal = object_->make_signal("Changed");
  if (!signal) return fail(Kind::Gone, "no bus for the signal Changed");
  signal.write_u64(generation).write_texts(revoked);
  return object_->emit(std::move(signal));
}

void log_snapshot(const Snapshot& snapshot) {
  const Warnings& warnings = snapshot.keys.warnings();
  for (const Warning& warning : warnings.list())
    log::write(log::Level::Warning, log::event::key_line_skipped,
               {{"file", warning.place.file},
                {"line", std::uint64_t{warning.place.line}},
                {"reason", one_token(warning.reason)}});
  if (warnings.left_out() > 0)
    log::warning("and " + std::to_string(warnings.left_out()) + " more key lines skipped");
  const bool accounts = snapshot.auth.providers.size() > 1;
  if (snapshot.keys.login_count() + snapshot.keys.authority_count() == 0 && !accounts)
    log::warning("no keys: nobody can log in");
}

} // namespace alk::authd
