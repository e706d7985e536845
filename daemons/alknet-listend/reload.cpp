#include "reload.hpp"

#include "base/text.hpp"
#include "in_force.hpp"
#include "log/log.hpp"

#include <algorithm>
#include <ctime>

namespace alk::listend {

namespace {
// How long authd may take to come back after a Commit without an answer.
constexpr std::chrono::seconds settle_time{5};
constexpr std::chrono::milliseconds settle_step{200};
// For an engine to compile a policy of many rules on a busy machine.
constexpr std::chrono::milliseconds engine_timeout{10000};
constexpr const char* apart_text =
    "alknet-authd has another configuration in force, read when it was started; a reload makes both equal";
} // namespace

std::string describe(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) text += (text.empty() ? "" : "\n") + problem.describe();
  return text;
}

Reload::Reload(asio::io_context& main, std::string config_path, clients::AuthClient& auth, Fleet& fleet)
    : main_(main), config_path_(std::move(config_path)), auth_(auth), fleet_(fleet) {}

Result<void> Reload::begin(std::vector<loop::PassedDescriptor>& passed) {
  auto committed = committed_.take(passed);
  auto prepared = prepared_.take(passed);
  if (!committed) return begin_from_disk();
  if (auto recovered = recover(std::move(*committed)); !recovered) {
    for (std::string_view line : split(recovered.error().what, '\n')) log::error(line);
    log::warning("what was in force before the last end cannot be used any more; the disk is read");
    return begin_from_disk();
  }
  log::info("the configuration that was in force goes on; the disk is read at the next reload");
  underway_ = std::move(prepared);
  return {};
}

Result<void> Reload::begin_from_disk() {
  auto configuration = config::load(config_path_, running_files_);
  if (!configuration) return fail(Kind::Invalid, describe(configuration.error()));
  running_ = configuration->fixed;
  restart_.clear();
  ALK_TRY(Draft draft, draft_of(1, std::move(*configuration), {running_files_, {}, {}}, keys_));
  put_into_force(std::move(draft));
  fleet_.set_drain_deadline(running_.server.drain_deadline);
  return {};
}

// A crash is no restart: static keys stay what they were, too.
Result<void> Reload::recover(config::CommittedText text) {
  auto running = config::parse(text.running, config::Unknown::Refuse);
  if (!running) return fail(Kind::Invalid, describe(running.error()));
  auto configuration = config::parse(text.sources, config::Unknown::Refuse);
  if (!configuration) return fail(Kind::Invalid, describe(configuration.error()));
  running_ = std::move(running->fixed);
  running_files_ = text.running;
  restart_ = config::changed_keys(running_, configuration->fixed);
  ALK_TRY(Draft draft, draft_of(text.generation, std::move(*configuration),
                                {std::move(text.sources), {}, running_files_}, keys_));
  put_into_force(std::move(draft));
  fleet_.set_drain_deadline(running_.server.drain_deadline);
  return {};
}

// authd knows on which side of the reload both are. Without its answer it is the old one.
Task<> Reload::settle() {
  config::CommittedText text = std::move(*underway_);
  underway_.reset();
  auto status = co_await auth_.status();
  auto configuration = config::parse(text.sources, config::Unknown::Refuse);
  if (!status || !configuration || status->config_digest != configuration->digest) co_return;
  auto restart = config::changed_keys(running_, configuration->fixed);
  auto draft = draft_of(text.generation, std::move(*configuration),
                        {std::move(text.sources), {}, running_files_}, keys_);
  if (!draft) co_return;
  log::info("a reload that was under way is in force at alknet-authd, and now here");
  put_into_force(std::move(*draft));
  restart_ = std::move(restart);
  followed_up_ = true;
}

void Reload::started() {
  committed_.keep(text_of(in_force_.generation, files_));
  prepared_.withdraw();
  if (followed_up_) fleet_.tell_commit(in_force_.generation);
}

Task<> Reload::compare() {
  auto status = co_await auth_.status();
  if (!status || running_now_) co_return;
  bool apart = status->config_digest != in_force_.configuration.digest;
  if (apart && !apart_) log::warning(apart_text);
  apart_ = apart;
}

void Reload::forget() {
  committed_.withdraw();
  prepared_.withdraw();
}

void Reload::put_into_force(Draft draft) {
  in_force_ = std::move(draft.next);
  files_ = std::move(draft.sources);
  keys_ = std::move(draft.keys);
  fleet_.set_bundle(in_force_.generation, std::move(draft.bundle));
  warn_of_expired();
}

config::CommittedText Reload::text_of(std::uint64_t generation, config::Sources sources) const {
  return {generation, std::move(sources), running_files_, {}};
}

std::vector<std::string> Reload::warnings() const {
  std::vector<std::string> all;
  for (const config::Problem& problem : in_force_.configuration.warnings) all.push_back(problem.describe());
  for (const std::string& key : restart_) all.push_back(key + " waits for a restart");
  all.insert(all.end(), behind_.begin(), behind_.end());
  if (apart_) all.emplace_back(apart_text);
  return all;
}

// What listens on a certificate that is not valid any more still serves those who do not look at it.
void Reload::warn_of_expired() const {
  for (const std::string& listener :
       expired_certificates(in_force_.tls, static_cast<std::uint64_t>(std::time(nullptr))))
    log::warning("the certificate of listener " + listener + " has expired");
}

// Whoever knows the host key by its fingerprint must not meet another one between two restarts.
config::KeySource Reload::renew(config::RenewedKeys renewed) const {
  if (running_.host_key.starts_with(config::credential_prefix))
    renewed.erase(running_.host_key.substr(config::credential_prefix.size()));
  return keys_.with(std::move(renewed));
}

Task<Result<ReloadReport>> Reload::run(config::RenewedKeys renewed) {
  if (running_now_) co_return fail(Kind::Busy, "a reload is already running");
  struct Running {
    bool& flag;
    explicit Running(bool& flag) : flag(flag) { flag = true; }
    ~Running() { flag = false; }
  } running(running_now_);
  config::KeySource keys = renew(std::move(renewed));
  auto report = co_await transact(std::move(keys));
  if (!report) {
    note_failure(report.error());
    co_return report;
  }
  ++done_;
  log::write(log::Level::Info, log::event::reload_done, {{"generation", report->generation}});
  co_return report;
}

void Reload::note_failure(const Error& error) {
  ++failed_;
  log::write(log::Level::Error, log::event::reload_failed, {}, {{"reason", error.describe()}});
  for (std::string_view line : split(error.what, '\n')) log::error(line);
}

Task<Result<ReloadReport>> Reload::transact(config::KeySource keys) {
  auto status = co_await auth_.status();
  if (!status) co_return fail(Kind::Gone, "alknet-authd does not answer; nothing was changed");
  std::uint64_t transaction = std::max(in_force_.generation, status->generation) + 1;
  config::Dynamic before = in_force_.configuration.dynamic;
  TlsContexts pairs = in_force_.tls;

  auto draft = co_await prepare(transaction, keys);
  if (!draft && draft.error().kind == Kind::Conflict) draft = co_await prepare(transaction, keys);
  if (!draft) co_return pass(std::move(draft).error());
  prepared_.keep(text_of(transaction, draft->sources));
  auto committed = co_await commit(transaction, draft->next.configuration.digest);
  if (!committed) {
    prepared_.withdraw();
    fleet_.tell_all(ControlKind::Abort);
    co_return pass(std::move(committed).error());
  }
  committed_.keep(text_of(transaction, draft->sources));
  prepared_.withdraw();
  apart_ = false;
  restart_ = config::changed_keys(running_, draft->next.configuration.fixed);
  co_await apply(std::move(*draft));
  std::vector<std::string> changed = renewed_certificates(running_, pairs, in_force_.tls);
  for (std::string& key : config::changed_keys(before, in_force_.configuration.dynamic))
    changed.push_back(std::move(key));
  co_return ReloadReport{transaction, std::move(changed), restart_};
}

// The files behind the names of the running static keys are read anew.
Result<Reload::Draft> Reload::draft_of(std::uint64_t number, config::Configuration configuration,
                                       Bundle bundle, config::KeySource keys) {
  ALK_TRY(bundle.keys, collect_keys(running_, keys));
  ALK_TRY(Fd packed, pack(bundle));
  config::KeySource held = keys.holding(std::make_shared<config::HeldKeys>(std::move(bundle.keys)));
  ALK_TRY(TlsContexts tls, make_tls_contexts(running_, held));
  return Draft{{number, std::move(configuration), std::move(tls)},
               std::move(packed),
               std::move(bundle.sources),
               std::move(keys)};
}

Result<Reload::Draft> Reload::read(std::uint64_t number, config::KeySource keys) {
  Bundle bundle;
  auto configuration = config::load(config_path_, bundle.sources);
  if (!configuration) return fail(Kind::Invalid, describe(configuration.error()));
  bundle.running = running_files_;
  return draft_of(number, std::move(*configuration), std::move(bundle), std::move(keys));
}

Task<Result<Reload::Draft>> Reload::prepare(std::uint64_t transaction, config::KeySource keys) {
  auto draft = read(transaction, std::move(keys));
  if (!draft) co_return draft;
  auto engines = co_await prepare_engines(transaction, draft->bundle.get());
  if (!engines) co_return pass(std::move(engines).error());
  auto authd = co_await prepare_authd(transaction, draft->next.configuration.digest);
  if (authd) co_return draft;
  fleet_.tell_all(ControlKind::Abort);
  co_return pass(std::move(authd).error());
}

// The engine that accepts must be able to follow. An older one of another release may not be: it keeps what
// it has, which is said in the log and in the status until it is gone.
Task<Result<void>> Reload::prepare_engines(std::uint64_t transaction, int bundle) {
  behind_.clear();
  Fleet::Question question{
      ControlKind::Prepare, encode(TransactionBody{transaction}), engine_timeout, {bundle}};
  auto answers = co_await fleet_.ask(std::move(question));
  bool followed = false;
  for (auto& [generation, answer] : answers) {
    followed = followed || (answer && generation == fleet_.serving());
    if (answer) continue;
    if (generation != fleet_.serving()) {
      note_behind(generation, answer.error());
      continue;
    }
    fleet_.tell_all(ControlKind::Abort);
    co_return pass(std::move(answer).error());
  }
  if (followed) co_return Result<void>{};
  fleet_.tell_all(ControlKind::Abort);
  co_return fail(Kind::Busy, "the engine is being started again; nothing was changed");
}

void Reload::note_behind(std::uint64_t generation, const Error& reason) {
  behind_.push_back("generation " + std::to_string(generation) +
                    " drains with the configuration it had: " + reason.what);
  log::warning(behind_.back());
}

Task<Result<void>> Reload::prepare_authd(std::uint64_t transaction, std::string digest) {
  auto answer = co_await auth_.prepare(transaction);
  if (!answer) {
    if (answer.error().kind == Kind::Gone)
      co_return fail(Kind::Gone, "alknet-authd does not answer; nothing was changed");
    co_return pass(std::move(answer).error());
  }
  if (*answer == digest) co_return Result<void>{};
  (void)co_await auth_.abort(transaction);
  co_return fail(Kind::Conflict, "the configuration changes while it is read");
}

Task<Result<void>> Reload::commit(std::uint64_t transaction, std::string digest) {
  auto committed = co_await auth_.commit(transaction);
  if (committed) co_return Result<void>{};
  if (committed.error().kind != Kind::Gone) co_return pass(std::move(committed).error());
  co_return co_await settle_lost_commit(std::move(digest));
}

// authd died around Commit. What it has in force when it is back, by itself or from the disk, says which side
// of the transaction both are on.
Task<Result<void>> Reload::settle_lost_commit(std::string digest) {
  asio::steady_timer timer(main_);
  for (auto waited = std::chrono::milliseconds(0); waited < settle_time; waited += settle_step) {
    timer.expires_after(settle_step);
    co_await timer.async_wait(loop::as_value);
    auto status = co_await auth_.status(settle_step);
    if (!status) continue;
    if (status->config_digest == digest) co_return Result<void>{};
    break;
  }
  co_return fail(Kind::Gone, "alknet-authd did not confirm; the old configuration stays");
}

// An engine that is started from here on has it, too.
Task<> Reload::apply(Draft draft) {
  put_into_force(std::move(draft));
  Fleet::Question question{ControlKind::Commit, encode(TransactionBody{in_force_.generation}),
                           engine_timeout};
  auto answers = co_await fleet_.ask(std::move(question));
  for (auto& [generation, answer] : answers)
    if (!answer && (behind_.empty() || generation == fleet_.serving()))
      note_behind(generation, answer.error());
}

} // namespace alk::listend
