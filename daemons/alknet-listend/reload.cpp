#include "reload.hpp"

#include "base/text.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace alk::listend {

namespace {
// How long authd may take to come back after a Commit without an answer.
constexpr std::chrono::seconds settle_time{5};
constexpr std::chrono::milliseconds settle_step{200};
} // namespace

std::string describe(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) text += (text.empty() ? "" : "\n") + problem.describe();
  return text;
}

Reload::Reload(asio::io_context& main, std::string config_path, config::Static running,
               clients::AuthClient& auth, Engine& engine)
    : main_(main), config_path_(std::move(config_path)), running_(std::move(running)), auth_(auth),
      engine_(engine) {}

Task<Result<ReloadReport>> Reload::run() {
  if (running_now_) co_return fail(Kind::Busy, "a reload is already running");
  struct Running {
    bool& flag;
    explicit Running(bool& flag) : flag(flag) { flag = true; }
    ~Running() { flag = false; }
  } running(running_now_);
  auto report = co_await transact();
  if (!report) {
    log::write(log::Level::Error, log::event::reload_failed, {}, {{"reason", report.error().describe()}});
    for (std::string_view line : split(report.error().what, '\n')) log::error(line);
    co_return report;
  }
  log::write(log::Level::Info, log::event::reload_done, {{"generation", report->generation}});
  co_return report;
}

Task<Result<ReloadReport>> Reload::transact() {
  auto status = co_await auth_.status();
  if (!status) co_return fail(Kind::Gone, "alknet-authd does not answer; nothing was changed");
  std::uint64_t transaction = std::max(engine_.settings()->generation, status->generation) + 1;
  SettingsPtr before = engine_.settings();

  auto settings = co_await prepare(transaction);
  if (!settings && settings.error().kind == Kind::Conflict) settings = co_await prepare(transaction);
  if (!settings) co_return pass(std::move(settings).error());
  auto committed = co_await commit(transaction, (*settings)->config_digest);
  if (!committed) co_return pass(std::move(committed).error());
  co_await apply(*settings);

  auto revoked = co_await auth_.find_revoked(engine_.sessions().identities());
  if (revoked)
    engine_.end_revoked(*revoked);
  else
    log::warning("revoked identities could not be asked for; they are found at the next change: " +
                 revoked.error().describe());
  co_return ReloadReport{transaction, config::changed_keys(before->values, (*settings)->values), restart_};
}

Task<Result<SettingsPtr>> Reload::prepare(std::uint64_t transaction) {
  auto configuration = config::load(config_path_);
  if (!configuration) co_return fail(Kind::Invalid, describe(configuration.error()));
  auto settings = make_settings(*configuration, running_, keys_, transaction);
  if (!settings) co_return pass(std::move(settings).error());
  auto digest = co_await auth_.prepare(transaction);
  if (!digest) {
    if (digest.error().kind == Kind::Gone)
      co_return fail(Kind::Gone, "alknet-authd does not answer; nothing was changed");
    co_return pass(std::move(digest).error());
  }
  if (*digest != configuration->digest) {
    (void)co_await auth_.abort(transaction);
    co_return fail(Kind::Conflict, "the configuration changes while it is read");
  }
  restart_ = config::changed_keys(running_, configuration->fixed);
  co_return settings;
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

Task<> Reload::apply(SettingsPtr settings) {
  auto applied = std::make_shared<asio::steady_timer>(main_, asio::steady_timer::time_point::max());
  engine_.apply(std::move(settings), [applied] { applied->cancel(); });
  co_await applied->async_wait(loop::as_value);
}

} // namespace alk::listend
