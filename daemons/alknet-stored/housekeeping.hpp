// Takes away what has had its time, in the system's database and in those of organisations: at the start and
// every few hours. Accounts, credentials, graphs and the audit log are never touched.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/store.hpp"

#include <map>

#include <asio/steady_timer.hpp>

namespace alk::stored {

inline constexpr std::chrono::hours sweep_pause{6};
inline constexpr UnixSeconds event_age = 30 * 86400;        // once every consumer of the topic has read them
inline constexpr UnixSeconds notification_age = 3600;       // they are for who listens at that moment
inline constexpr std::int64_t kept_notifications = 100'000; // and the oldest beyond that
inline constexpr UnixSeconds dead_job_age = 90 * 86400;     // time to look at a dead letter, and to revive it

// In one database. The answer: how many consumers keep events that are older than event_age.
Result<std::int64_t> sweep(Transaction& tables, UnixSeconds now);

class Housekeeping {
 public:
  // `store` outlives it.
  Housekeeping(asio::io_context& loop, Store& store, std::function<UnixSeconds()> now)
      : store_(store), now_(std::move(now)), timer_(loop) {}

  void start();
  void stop(); // nothing is begun any more

 private:
  void list_tenants();
  void next_tenant();
  void sweep_at(Place place);
  void wait();
  Work sweeping(std::shared_ptr<std::int64_t> behind) const;
  void tell_behind(const Place& place, std::int64_t behind);

  Store& store_;
  std::function<UnixSeconds()> now_;
  asio::steady_timer timer_;
  std::vector<std::string> tenants_; // whose turn is still to come
  std::map<std::string, std::int64_t>
      told_; // by tenant, the system's is "": consumers behind, when last said
  bool stopped_ = false;
};

} // namespace alk::stored
