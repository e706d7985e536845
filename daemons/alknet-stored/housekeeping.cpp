#include "alknet-stored/housekeeping.hpp"

#include "alknet-stored/events/backlog.hpp"
#include "alknet-stored/events/notifications.hpp"
#include "alknet-stored/events/queues.hpp"
#include "alknet-stored/streams.hpp"
#include "log/log.hpp"
#include "loop/asio.hpp"

namespace alk::stored {

Result<std::int64_t> sweep(Transaction& tables, UnixSeconds now) {
  ALK_TRY_VOID(prune_events(tables, now - event_age));
  ALK_TRY_VOID(prune_notifications(tables, now - notification_age, kept_notifications));
  ALK_TRY_VOID(sweep_expired(tables, now));
  ALK_TRY_VOID(prune_dead(tables, now - dead_job_age));
  return consumers_behind(tables, now - event_age);
}

Work Housekeeping::sweeping(std::shared_ptr<std::int64_t> behind) const {
  return [behind, now = now_()](Transaction& tables) -> Result<void> {
    ALK_TRY(*behind, sweep(tables, now));
    return {};
  };
}

// When there are more of them than were said.
void Housekeeping::tell_behind(const Place& place, std::int64_t behind) {
  std::int64_t& told = told_[place.id()];
  if (behind > told)
    log::warning("events of " +
                 (place.is_system() ? std::string("the system") : "organisation " + place.id()) +
                 " are kept for more than 30 days, because " + std::to_string(behind) +
                 (behind == 1 ? " consumer has" : " consumers have") +
                 " not acknowledged them: see alknetctl events consumers");
  told = behind;
}

void Housekeeping::start() {
  if (stopped_) return;
  auto behind = std::make_shared<std::int64_t>(0);
  store_.write(Place::system(), sweeping(behind), [this, behind](Result<void> done) {
    if (!done) log::error(done.error().describe());
    if (done) tell_behind(Place::system(), *behind);
    list_tenants();
  });
}

void Housekeeping::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Housekeeping::list_tenants() {
  if (stopped_) return;
  auto found = std::make_shared<std::vector<std::string>>();
  auto work = [found](Transaction& tables) -> Result<void> {
    found->clear();
    return tables.each("SELECT id FROM organizations ORDER BY id DESC", {},
                       [&](const Row& row) -> Result<bool> {
                         found->push_back(row.text(0));
                         return true;
                       });
  };
  store_.read(Place::system(), work, [this, found](Result<void> done) {
    if (done)
      tenants_ = std::move(*found);
    else
      log::error(done.error().describe());
    next_tenant();
  });
}

// One after the other: they are not in the way of what people wait for.
void Housekeeping::next_tenant() {
  if (stopped_) return;
  if (tenants_.empty()) return wait();
  auto place = Place::tenant(tenants_.back());
  tenants_.pop_back();
  if (!place) return next_tenant();
  // Reading makes no database where there is none yet.
  auto nothing = [](Transaction&) -> Result<void> { return {}; };
  store_.read(*place, nothing, [this, place = *place](Result<void> there) {
    if (there) return sweep_at(place);
    if (there.error().kind != Kind::NotFound) log::error(there.error().describe());
    next_tenant();
  });
}

void Housekeeping::sweep_at(Place place) {
  if (stopped_) return;
  auto behind = std::make_shared<std::int64_t>(0);
  store_.write(place, sweeping(behind), [this, place, behind](Result<void> done) {
    if (done) tell_behind(place, *behind);
    if (!done && done.error().kind != Kind::NotFound) log::error(done.error().describe());
    next_tenant();
  });
}

void Housekeeping::wait() {
  timer_.expires_after(sweep_pause);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) start(); // cancelled: this may be gone
  });
}

} // namespace alk::stored
