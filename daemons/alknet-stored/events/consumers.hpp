// Consumers by name: up to which event each has read, kept until it is deleted. Events stay at least as long
// as a consumer of their stream has not acknowledged them.
#pragma once

#include "alknet-stored/events/projection.hpp"

namespace alk::stored {

// Of one database: each may keep events from being removed.
inline constexpr std::size_t max_consumers = 100;

struct Consumer {
  std::string name;
  std::vector<std::string> streams; // in order
  std::int64_t position = 0;        // up to and with this one
};

// It begins behind `position`, or behind the newest event. No streams: all. Errors: check_filter()'s, Invalid
// (the name, a position that is not there yet), Conflict (there is one), Busy (max_consumers).
Result<Consumer> create_consumer(Transaction& tables, const std::string& name,
                                 const std::vector<std::string>& streams,
                                 std::optional<std::int64_t> position);

Result<Consumer> require_consumer(Transaction& tables, const std::string& name); // NotFound
Result<std::vector<Consumer>> list_consumers(Transaction& tables);               // by name
Result<void> delete_consumer(Transaction& tables, const std::string& name);      // NotFound

// It has read up to and with `position`; the answer is how far it has come: never back. Errors: NotFound,
// Invalid (there is no such event yet).
Result<std::int64_t> acknowledge(Transaction& tables, const std::string& name, std::int64_t position);

} // namespace alk::stored
