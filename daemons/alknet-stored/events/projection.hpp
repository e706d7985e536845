// What others get to see of domain events (services.md 5.4, 9): a small, versioned form of its own, made here
// and nowhere else. A topic that is not in the table does not leave the service.
#pragma once

#include "alknet-stored/streams.hpp"

#include <span>

namespace alk::stored {

inline constexpr int projection_version = 1; // "schema_version": raised when a member changes its meaning

// The streams that may be subscribed to: "nodes", "edges", "graphs", "acl", "accounts", ...
std::span<const std::string_view> projected_streams();
std::vector<std::string> topics_of(std::string_view stream); // none: there is no such stream

// {"stream","seq","key","action","schema_version","data","time"} as one line of JSON; nothing: the topic
// stays inside.
std::optional<std::string> project(std::string_view topic, const Event& event);

// One reader of one stream. It replays what follows its position, in order, as often as it is asked; at least
// once: the position is kept only when save() is called, for a reader with a name.
class Subscription {
 public:
  // A named reader goes on where it has saved; else it starts behind `position`. NotFound: no such stream.
  static Result<Subscription> open(Transaction& tables, std::string_view stream, std::string_view consumer,
                                   std::int64_t position = 0);

  Result<std::vector<std::string>> next(Transaction& tables,
                                        std::size_t limit = max_event_batch); // none: nothing new
  Result<void> save(Transaction& tables) const;                               // never goes back
  std::int64_t position() const { return position_; }

 private:
  Subscription(std::vector<std::string> topics, std::string_view consumer)
      : topics_(std::move(topics)), consumer_(consumer) {}

  std::vector<std::string> topics_;
  std::string consumer_; // "": none
  std::int64_t position_ = 0;
};

} // namespace alk::stored
