#include "alknet-stored/events/notifications.hpp"

#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/graph/metagraph.hpp"
#include "alknet-stored/streams.hpp"

#include <algorithm>

namespace alk::stored {

Result<std::int64_t> notify(Transaction& tables, std::string_view channel, std::string_view payload,
                            UnixSeconds now) {
  ALK_TRY_VOID(check_name("channel", channel, max_channel_bytes));
  auto json = check_json(payload, max_notification_bytes);
  if (!json) return pass(std::move(json).error(), "payload");
  ALK_TRY(auto id, next_number(tables, "notification"));
  ALK_TRY_VOID(
      tables.execute("INSERT INTO notifications (id, channel, payload, created_at) VALUES (?1, ?2, ?3, ?4)",
                     {id, channel, payload, now}));
  return id;
}

Result<std::int64_t> newest_notification(Transaction& tables) {
  ALK_TRY(auto row, tables.find("SELECT value FROM counters WHERE name = 'notification'"));
  return row ? row->integer(0) : 0;
}

Result<std::vector<Notification>> notifications_since(Transaction& tables, std::string_view channel,
                                                      std::int64_t id, std::size_t limit) {
  ALK_TRY(auto rows,
          tables.query(
              "SELECT id, payload FROM notifications WHERE channel = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
              {channel, id, static_cast<std::int64_t>(std::min(limit, max_notifications))}));
  std::vector<Notification> found;
  for (const auto& row : rows) found.push_back({row.integer(0), row.text(1)});
  return found;
}

Result<std::uint64_t> prune_notifications(Transaction& tables, UnixSeconds before, std::int64_t keep) {
  return tables.execute(
      "DELETE FROM notifications WHERE created_at < ?1 OR id <= (SELECT value FROM counters WHERE name = "
      "'notification') - ?2",
      {before, keep});
}

} // namespace alk::stored
