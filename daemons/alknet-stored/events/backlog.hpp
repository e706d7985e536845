// What consumers have not read, and so keep: events stay until every consumer of their stream has
// acknowledged them. Nothing is taken from a consumer silently; whoever runs the server sees what it keeps,
// and may.
#pragma once

#include "alknet-stored/events/consumers.hpp"

namespace alk::stored {

// Counted of one consumer; beyond it is "as many at least".
inline constexpr std::int64_t max_counted_events = 100'000;
// Of one call, in one transaction of the one writer.
inline constexpr std::int64_t max_pruned_events = 10'000;

struct Backlog {
  std::int64_t events = 0;           // that it has not acknowledged, max_counted_events at most
  std::optional<UnixSeconds> oldest; // when the first of them came
};
struct MeasuredConsumer : Consumer {
  Backlog backlog;
};

Result<std::vector<MeasuredConsumer>> measure_consumers(Transaction& tables); // by name

// How many keep events from before `time`.
Result<std::int64_t> consumers_behind(Transaction& tables, UnixSeconds time);

enum class Unread { Keep, Lose };
struct EventPruning {
  std::int64_t before = INT64_MAX;    // only these positions
  UnixSeconds older_than = INT64_MAX; // only from before this time
  Unread unread = Unread::Keep;
};
// Removes the oldest of these, max_pruned_events at most; how many. Conflict: a consumer has not acknowledged
// all of them, and they are to be kept for it.
Result<std::uint64_t> prune_events_now(Transaction& tables, const EventPruning& pruning);

} // namespace alk::stored
