// What others get to see of domain events (services.md 5.4, 9): a small, versioned form of its own, made here
// and nowhere else. A topic that is not in the table does not leave the service.
#pragma once

#include "alknet-stored/streams.hpp"

#include <span>

namespace alk::stored {

inline constexpr int projection_version = 1; // "schema_version": raised when a member changes its meaning

// Of one event as it leaves. Attributes are a quarter of it at most when they come by the bus; an event that
// is longer all the same leaves without them, and says so.
inline constexpr std::size_t max_event_line = std::size_t{1} << 20;

// What a subscriber asks for; an empty list or text is no condition.
struct EventFilter {
  std::vector<std::string> streams;
  std::vector<std::string> actions;
  std::vector<std::string> keys;
  std::string graph; // an id: nodes and edges of this graph, and it itself
};
inline constexpr std::size_t max_filter_keys = 64; // more: take all, and choose

// The streams that may be subscribed to: "nodes", "edges", "graphs", "acl", "accounts", ...
std::span<const std::string_view> projected_streams();
std::span<const std::string_view> event_actions();
std::vector<std::string> topics_of(std::string_view stream); // none: there is no such stream

// Invalid, NotFound (a stream, an action): what is wrong with it.
Result<void> check_filter(const EventFilter& filter);

// {"stream","seq","key","action","schema_version","data","time"} as one line of JSON, without its end, of at
// most max_event_line bytes; with "cut": true it was longer, and "attributes" are missing. Nothing: the topic
// stays inside, or the filter leaves the event out.
std::optional<std::string> project(std::string_view topic, const Event& event,
                                   const EventFilter& filter = {});

} // namespace alk::stored
