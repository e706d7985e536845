// One reader of events in their outer form (projection.hpp). It replays what follows its position, in the
// order of the positions, and goes on with what is written meanwhile: as often as it is asked, at least once.
#pragma once

#include "alknet-stored/events/line_source.hpp"
#include "alknet-stored/events/projection.hpp"

namespace alk::stored {

// Events of any stream that one read looks at: a reader of a rare stream passes the others quickly, and no
// read takes long.
inline constexpr std::size_t max_look = 1000;

// The last event of a database: 0 when there was none yet.
Result<std::int64_t> newest_position(Transaction& tables);

class Subscription : public LineSource {
 public:
  // What follows `position`, up to and with `last` if there is one. Errors: check_filter()'s.
  static Result<std::unique_ptr<LineSource>> open(const EventFilter& filter, std::int64_t position,
                                                  std::optional<std::int64_t> last = std::nullopt);

  Result<Piece> read(Transaction& tables) const override;
  std::string end_line() const override; // {"stream":"","action":"end","seq":...}

 private:
  struct Asked {
    EventFilter filter;
    std::vector<std::string> topics; // sorted
    std::int64_t last = 0;
  };
  struct Found {
    std::int64_t position = 0;
    std::string topic;
  };
  struct Looked {
    std::vector<Found> found;
    std::int64_t end = 0; // nothing else is wanted up to here
    bool more = false;
  };

  Subscription(std::shared_ptr<const Asked> asked, std::int64_t position)
      : asked_(std::move(asked)), position_(position) {}
  Result<Looked> look(Transaction& tables) const;

  std::shared_ptr<const Asked> asked_; // by the next readers, too
  std::int64_t position_ = 0;
};

} // namespace alk::stored
