#include "alknet-stored/events/backlog.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

Result<std::int64_t> count_unread(Transaction& tables, const std::string& topic, std::int64_t position,
                                  std::int64_t most) {
  ALK_TRY(auto row, tables.find("SELECT count(*) FROM (SELECT 1 FROM stream_events WHERE topic = ?1 AND "
                                "position > ?2 LIMIT ?3) AS unread",
                                {topic, position, most}));
  return row ? row->integer(0) : 0;
}

// Topic by topic: each is a look into an index.
Result<Backlog> backlog_of(Transaction& tables, const std::string& name) {
  ALK_TRY(const Rows topics,
          tables.query("SELECT topic, position FROM stream_consumers WHERE name = ?1", {name}));
  Backlog backlog;
  for (const Row& topic : topics) {
    ALK_TRY(auto first, tables.find("SELECT created_at FROM stream_events WHERE topic = ?1 AND position > ?2 "
                                    "ORDER BY position LIMIT 1",
                                    {topic.text(0), topic.integer(1)}));
    if (!first) continue;
    backlog.oldest = std::min(backlog.oldest.value_or(INT64_MAX), first->integer(0));
    ALK_TRY(const std::int64_t count,
            count_unread(tables, topic.text(0), topic.integer(1), max_counted_events - backlog.events));
    backlog.events += count;
  }
  return backlog;
}

Result<void> require_acknowledged(Transaction& tables, const EventPruning& pruning) {
  ALK_TRY(const Rows rows,
          tables.query("SELECT DISTINCT c.name FROM stream_consumers c WHERE EXISTS (SELECT 1 FROM "
                       "stream_events e WHERE e.topic = c.topic AND e.position > c.position AND "
                       "e.position < ?1 AND e.created_at < ?2) ORDER BY c.name",
                       {pruning.before, pruning.older_than}));
  if (rows.empty()) return {};
  const std::string others =
      rows.size() > 1 ? " and " + std::to_string(rows.size() - 1) + " other" + (rows.size() > 2 ? "s" : "")
                      : "";
  return fail(Kind::Conflict, "the consumer \"" + rows[0].text(0) + "\"" + others +
                                  (rows.size() > 1 ? " have" : " has") +
                                  " not acknowledged all of these events");
}

} // namespace

Result<std::vector<MeasuredConsumer>> measure_consumers(Transaction& tables) {
  ALK_TRY(auto consumers, list_consumers(tables));
  std::vector<MeasuredConsumer> measured;
  for (Consumer& consumer : consumers) {
    ALK_TRY(const Backlog backlog, backlog_of(tables, consumer.name));
    measured.push_back({std::move(consumer), backlog});
  }
  return measured;
}

Result<std::int64_t> consumers_behind(Transaction& tables, UnixSeconds time) {
  ALK_TRY(auto row,
          tables.find("SELECT count(DISTINCT c.name) FROM stream_consumers c WHERE EXISTS (SELECT 1 "
                      "FROM stream_events e WHERE e.topic = c.topic AND e.position > c.position "
                      "AND e.created_at < ?1)",
                      {time}));
  return row ? row->integer(0) : 0;
}

Result<std::uint64_t> prune_events_now(Transaction& tables, const EventPruning& pruning) {
  if (pruning.unread == Unread::Keep) ALK_TRY_VOID(require_acknowledged(tables, pruning));
  return tables.execute("DELETE FROM stream_events WHERE position IN (SELECT position FROM stream_events "
                        "WHERE position < ?1 AND created_at < ?2 ORDER BY position LIMIT ?3)",
                        {pruning.before, pruning.older_than, max_pruned_events});
}

} // namespace alk::stored
