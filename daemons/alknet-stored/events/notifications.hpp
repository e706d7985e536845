// Ephemeral channels (services.md 7.6): a row in the caller's transaction. A listener starts at the newest
// row, so nothing is replayed to it; what it has missed while it was away is gone for it. Rows stay until
// they are pruned.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

inline constexpr std::size_t max_notification_bytes = 8000; // what PostgreSQL's NOTIFY would carry, too
inline constexpr std::size_t max_notifications = 1000;      // of one answer
inline constexpr std::size_t max_channel_bytes = 216;       // a queue's name with its prefix
inline constexpr std::string_view own_channels = "honker:"; // of queues and streams: nobody else tells there

struct Notification {
  std::int64_t id = 0;
  std::string payload; // JSON
};

// The row's id. Invalid: no name, no JSON, too long.
Result<std::int64_t> notify(Transaction& tables, std::string_view channel, std::string_view payload,
                            UnixSeconds now);

// Where a listener starts: behind everything that is there.
Result<std::int64_t> newest_notification(Transaction& tables);
Result<std::vector<Notification>> notifications_since(Transaction& tables, std::string_view channel,
                                                      std::int64_t id, std::size_t limit = max_notifications);

// Removes what is older than `before`, and the oldest beyond `keep`; how many.
Result<std::uint64_t> prune_notifications(Transaction& tables, UnixSeconds before, std::int64_t keep);

} // namespace alk::stored
