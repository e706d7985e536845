#include "alknet-stored/events/subscription.hpp"

#include <algorithm>
#include <limits>

namespace alk::stored {
namespace {

std::vector<std::string> topics_for(const EventFilter& filter) {
  std::vector<std::string> topics;
  for (auto stream : projected_streams()) {
    const auto& wanted = filter.streams;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), stream) == wanted.end()) continue;
    for (auto& topic : topics_of(stream)) {
      const auto& actions = filter.actions;
      auto action = topic.substr(topic.find(':') + 1);
      if (actions.empty() || std::find(actions.begin(), actions.end(), action) != actions.end())
        topics.push_back(std::move(topic));
    }
  }
  return topics;
}

Result<std::optional<Event>> event_at(Transaction& tables, std::int64_t position) {
  ALK_TRY(auto row,
          tables.find("SELECT key, payload, created_at FROM stream_events WHERE position = ?1", {position}));
  if (!row) return std::optional<Event>();
  return Event{position, row->text_if(0), row->text(1), row->integer(2)};
}

} // namespace

Result<std::int64_t> newest_position(Transaction& tables) {
  ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'stream'"));
  return row ? row->integer(0) : 0;
}

Result<std::unique_ptr<LineSource>> Subscription::open(const EventFilter& filter, std::int64_t position,
                                                       std::optional<std::int64_t> last) {
  ALK_TRY_VOID(check_filter(filter));
  if (position < 0) return fail(Kind::Invalid, "from: is negative");
  auto asked = std::make_shared<Asked>();
  asked->filter = filter;
  asked->topics = topics_for(filter);
  std::sort(asked->topics.begin(), asked->topics.end());
  asked->last = last.value_or(std::numeric_limits<std::int64_t>::max());
  return std::unique_ptr<LineSource>(new Subscription(std::move(asked), position));
}

// Their positions alone, in one statement whatever is asked for: what they carry may be large, and is read
// one by one.
Result<Subscription::Looked> Subscription::look(Transaction& tables) const {
  ALK_TRY(const auto rows, tables.query("SELECT position, topic FROM stream_events WHERE position > ?1 AND "
                                        "position <= ?2 ORDER BY position LIMIT ?3",
                                        {position_, asked_->last, static_cast<std::int64_t>(max_look)}));
  Looked looked;
  looked.end = rows.empty() ? position_ : rows.back().integer(0);
  looked.more = rows.size() == max_look;
  for (const auto& row : rows)
    if (std::binary_search(asked_->topics.begin(), asked_->topics.end(), row.text(1)))
      looked.found.push_back({row.integer(0), row.text(1)});
  return looked;
}

Result<LineSource::Piece> Subscription::read(Transaction& tables) const {
  ALK_TRY(const Looked looked, look(tables));
  Piece piece;
  piece.more = looked.more;
  std::int64_t read_to = looked.end;
  std::int64_t done = position_;
  for (const auto& one : looked.found) {
    if (piece.lines.size() >= max_piece_bytes) {
      piece.more = true;
      read_to = done;
      break;
    }
    ALK_TRY(const auto event, event_at(tables, one.position));
    if (event)
      if (auto line = project(one.topic, *event, asked_->filter)) piece.lines += *line + '\n';
    done = one.position;
  }
  piece.rest.reset(new Subscription(asked_, read_to));
  return piece;
}

std::string Subscription::end_line() const {
  return R"({"action":"end","schema_version":)" + std::to_string(projection_version) + R"(,"seq":)" +
         std::to_string(position_) +
         R"(,"stream":""})"
         "\n";
}

} // namespace alk::stored
