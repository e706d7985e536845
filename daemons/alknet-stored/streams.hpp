// Durable streams (services.md 7.6): an event is one row, written in the transaction of what it tells about,
// so that both are there or neither. Positions increase over all topics of a database, in the order of the
// commits, without gaps.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

// What a reader is given at once.
inline constexpr std::size_t max_event_batch = 1000;

struct Event {
  std::int64_t position = 0;
  std::optional<std::string> key;
  std::string payload; // JSON
  UnixSeconds created_at = 0;
};

// The event's position.
Result<std::int64_t> publish(Transaction& tables, std::string_view topic,
                             const std::optional<std::string>& key, std::string_view payload,
                             UnixSeconds now);

// In order, what follows `position` in the topic: `limit` events at most, and never more than
// max_event_batch.
Result<std::vector<Event>> read_since(Transaction& tables, std::string_view topic, std::int64_t position,
                                      std::size_t limit = max_event_batch);

// Up to where a named consumer has read. It never goes back; 0 before the first event.
Result<void> save_position(Transaction& tables, std::string_view consumer, std::string_view topic,
                           std::int64_t position);
Result<std::int64_t> position_of(Transaction& tables, std::string_view consumer, std::string_view topic);

// Removes what is older than `before` and what every consumer of its topic has read; the answer is how many.
Result<std::uint64_t> prune_events(Transaction& tables, UnixSeconds before);

// One number after the other without gaps: whoever takes one holds it until the commit.
Result<std::int64_t> next_number(Transaction& tables, std::string_view counter);

} // namespace alk::stored
