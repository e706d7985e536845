#include "alknet-authd/manager.hpp"

#include "base/text.hpp"
#include "log/log.hpp"
#include "loop/notify.hpp"

#include <chrono>

namespace alk::authd {

// Of changes of accounts; a revoked session has a second to end.
static constexpr std::chrono::milliseconds between_announcements{200};
static constexpr std::chrono::seconds uses_deadline{5}; // nobody waits for it

static UnixSeconds wall_now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

static void log_lines(const Error& error) {
  for (std::string_view line : split(error.what, '\n')) log::error(line);
}

// What an earlier process had in force when it ended without being asked to.
static std::optional<Snapshot> recover(daemon::CommittedStore& store, daemon::Context& context) {
  auto text = store.take(context.passed);
  if (!text) return std::nullopt;
  std::uint64_t generation = text->generation;
  auto snapshot = read_snapshot(sources_of(std::make_shared<const config::CommittedText>(std::move(*text))));
  if (!snapshot) {
    log_lines(snapshot.error());
    log::warning("what was in force before the last end cannot be used any more; the disk is read");
    return std::nullopt;
  }
  snapshot->text.generation = generation;
  log::info("the configuration that was in force goes on; the disk is read at the next reload");
  return std::move(*snapshot);
}

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  Sources sources = sources_of(context.options.config);
  daemon::CommittedStore store("committed");
  auto recovered = recover(store, context);
  const bool from_disk = !recovered;
  if (from_disk) {
    auto read = read_snapshot(sources);
    if (!read) {
      log_lines(read.error());
      return fail(read.error().kind, "the configuration cannot be used");
    }
    recovered = std::move(*read);
  }
  log_snapshot(*recovered);
  std::unique_ptr<Manager> manager(new Manager(context.loop, context.bus, std::move(store),
                                               std::move(*recovered), std::move(sources), !from_disk));
  ALK_TRY_VOID(manager->bus_.serve(context.bus));
  return std::unique_ptr<daemon::Service>(std::move(manager));
}

Manager::Manager(asio::io_context& loop, bus::Connection& bus, daemon::CommittedStore store, Snapshot initial,
                 Sources sources, bool recovered)
    : store_(std::move(store)), disk_(sources), recovered_(recovered),
      transactions_(std::move(initial), std::move(sources), {&std::chrono::steady_clock::now, &wall_now},
                    [this](const config::CommittedText& text) { store_.keep(text); }),
      expiry_(loop), store_client_(bus),
      accounts_(make_store(), {&std::chrono::steady_clock::now, &wall_now}), accounts_tick_(loop),
      announce_pause_(loop), bus_(
                                 transactions_, &wall_now, [this] { expire_later(); }, accounts_) {
  store_client_.on_changed([this](std::uint64_t revision) { accounts_.store_changed(revision); });
  store_client_.on_present([this](bool present) { accounts_.store_present(present); });
  accounts_.on_active([this] { tick_accounts(); });
  accounts_.on_changed([this] { accounts_changed(); });
}

Accounts::Store Manager::make_store() {
  Accounts::Store store;
  store.authenticate = [this](const Question& question, std::chrono::milliseconds timeout, auto answer) {
    store_client_.authenticate(question.kind, question.value, timeout, std::move(answer));
  };
  store.revision = [this](auto answer) { store_client_.revision(confirm_deadline, std::move(answer)); };
  store.mark_used = [this](const clients::Uses& uses, auto answer) {
    store_client_.mark_used(uses, uses_deadline, std::move(answer));
  };
  return store;
}

std::string Manager::status() const {
  return recovered_ ? "running with what was in force before, until the next reload" : "running";
}

void Manager::stop_asked() {
  auto usable = check_sources(disk_);
  if (usable) return store_.withdraw();
  log_lines(usable.error());
  constexpr const char* kept =
      "the files on disk cannot be used: what is in force is kept for the next start";
  log::error(kept);
  loop::notify_status(kept);
}

void Manager::stop(std::function<void()> stopped) {
  for (auto* timer : {&expiry_, &accounts_tick_, &announce_pause_}) timer->cancel();
  accounts_.tell_uses();
  stopped();
}

// Every call drops what is over; the timer only gives its memory back when nobody calls.
void Manager::expire_later() {
  expiry_.expires_after(transaction_lifetime);
  expiry_.async_wait([this](std::error_code error) {
    if (!error) transactions_.expire();
  });
}

void Manager::tick_accounts() {
  if (!bus_.accounts_on()) return accounts_.rest();
  accounts_.tick();
  accounts_tick_.expires_after(confirm_interval);
  accounts_tick_.async_wait([this](std::error_code error) {
    if (!error) tick_accounts();
  });
}

// At once, but many changes in a row, as of an import, are a few questions to whoever has sessions; and none
// while the answers to the last ones are still being looked for, so that changes never queue up.
void Manager::accounts_changed() {
  if (announced_) {
    announce_again_ = true;
    return;
  }
  bus_.accounts_changed();
  announced_ = true;
  pause_announcements();
}

void Manager::pause_announcements() {
  announce_pause_.expires_after(between_announcements);
  announce_pause_.async_wait([this](std::error_code error) {
    if (error) return;
    if (announce_again_ && accounts_.searching()) return pause_announcements();
    announced_ = false;
    if (std::exchange(announce_again_, false)) accounts_changed();
  });
}

} // namespace alk::authd
