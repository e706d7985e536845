// A listener of one ephemeral channel, as lines: what is told from now on.
#pragma once

#include "alknet-stored/events/line_source.hpp"
#include "alknet-stored/events/notifications.hpp"

namespace alk::stored {

// What one read takes: they fill a piece at most.
inline constexpr std::size_t max_piece_notifications = max_piece_bytes / max_notification_bytes;

class Channel : public LineSource {
 public:
  // Begins behind everything that is there. Invalid: no name of a channel.
  static Result<std::unique_ptr<LineSource>> open(Transaction& tables, const std::string& channel);

  Result<Piece> read(Transaction& tables) const override; // {"id":7,"payload":...}
  std::string end_line() const override { return {}; }

 private:
  Channel(std::shared_ptr<const std::string> name, std::int64_t id) : name_(std::move(name)), id_(id) {}

  std::shared_ptr<const std::string> name_;
  std::int64_t id_ = 0; // of the last one
};

} // namespace alk::stored
