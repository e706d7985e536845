#include "alknet-stored/streams.hpp"

#include <algorithm>

namespace alk::stored {

Result<std::int64_t> next_number(Transaction& tables, std::string_view counter) {
  ALK_TRY(auto row,
          tables.find("UPDATE counters SET value = value + 1 WHERE name = ?1 RETURNING value", {counter}));
  if (!row) return fail(Kind::Broken, "no counter " + std::string(counter));
  return row->integer(0);
}

Result<std::int64_t> publish(Transaction& tables, std::string_view topic,
                             const std::optional<std::string>& key, std::string_view payload,
                             UnixSeconds now) {
  ALK_TRY(const std::int64_t position, next_number(tables, "stream"));
  ALK_TRY_VOID(tables.execute("INSERT INTO stream_events (position, topic, key, payload, created_at) "
                              "VALUES (?1, ?2, ?3, ?4, ?5)",
                              {position, topic, key, payload, now}));
  return position;
}

Result<std::vector<Event>> read_since(Transaction& tables, std::string_view topic, std::int64_t position,
                                      std::size_t limit) {
  ALK_TRY(Rows rows,
          tables.query("SELECT position, key, payload, created_at FROM stream_events "
                       "WHERE topic = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
                       {topic, position, static_cast<std::int64_t>(std::min(limit, max_event_batch))}));
  std::vector<Event> events;
  for (const Row& row : rows) events.push_back({row.integer(0), row.text_if(1), row.text(2), row.integer(3)});
  return events;
}

Result<void> save_position(Transaction& tables, std::string_view consumer, std::string_view topic,
                           std::int64_t position) {
  ALK_TRY_VOID(tables.execute("INSERT INTO stream_consumers (name, topic, position) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (name, topic) DO UPDATE SET position = excluded.position "
                              "WHERE excluded.position > stream_consumers.position",
                              {consumer, topic, position}));
  return {};
}

Result<std::int64_t> position_of(Transaction& tables, std::string_view consumer, std::string_view topic) {
  ALK_TRY(auto row, tables.find("SELECT position FROM stream_consumers WHERE name = ?1 AND topic = ?2",
                                {consumer, topic}));
  return row ? row->integer(0) : 0;
}

Result<std::uint64_t> prune_events(Transaction& tables, UnixSeconds before) {
  return tables.execute("DELETE FROM stream_events WHERE created_at < ?1 AND NOT EXISTS (SELECT 1 FROM "
                        "stream_consumers WHERE stream_consumers.topic = stream_events.topic AND "
                        "stream_consumers.position < stream_events.position)",
                        {before});
}

} // namespace alk::stored
