#include "alknet-authd/manager.hpp"

#include "base/text.hpp"
#include "log/log.hpp"

#include <chrono>

namespace alk::authd {

static UnixSeconds wall_now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  Sources sources = sources_of(context.options.config);
  auto initial = read_snapshot(sources);
  if (!initial) {
    for (std::string_view line : split(initial.error().what, '\n')) log::error(line);
    return fail(initial.error().kind, "the configuration cannot be used");
  }
  log_snapshot(*initial);
  std::unique_ptr<Manager> manager(new Manager(context.loop, std::move(*initial), std::move(sources)));
  ALK_TRY_VOID(manager->bus_.serve(context.bus));
  return std::unique_ptr<daemon::Service>(std::move(manager));
}

Manager::Manager(asio::io_context& loop, Snapshot initial, Sources sources)
    : transactions_(std::move(initial), std::move(sources), {&std::chrono::steady_clock::now, &wall_now}),
      expiry_(loop), bus_(transactions_, &wall_now, [this] { expire_later(); }) {}

void Manager::stop(std::function<void()> stopped) {
  expiry_.cancel();
  stopped();
}

// Every call drops what is over; the timer only gives its memory back when nobody calls.
void Manager::expire_later() {
  expiry_.expires_after(transaction_lifetime);
  expiry_.async_wait([this](std::error_code error) {
    if (!error) transactions_.expire();
  });
}

} // namespace alk::authd
