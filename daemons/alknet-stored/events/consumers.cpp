#include "alknet-stored/events/consumers.hpp"

#include "alknet-stored/events/subscription.hpp"
#include "alknet-stored/graph/metagraph.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

// Rows are one for each topic, ordered by name and topic; all of a consumer's stand at the same position.
std::vector<Consumer> consumers_of(const Rows& rows) {
  std::vector<Consumer> consumers;
  for (const auto& row : rows) {
    const std::string& topic = row.text(1);
    if (consumers.empty() || consumers.back().name != row.text(0))
      consumers.push_back({row.text(0), {}, row.integer(2)});
    Consumer& consumer = consumers.back();
    std::string stream = topic.substr(0, topic.find(':'));
    if (consumer.streams.empty() || consumer.streams.back() != stream)
      consumer.streams.push_back(std::move(stream));
    consumer.position = std::min(consumer.position, row.integer(2));
  }
  return consumers;
}

Result<std::optional<Consumer>> find_consumer(Transaction& tables, const std::string& name) {
  ALK_TRY(auto rows, tables.query("SELECT name, topic, position FROM stream_consumers WHERE name = ?1 "
                                  "ORDER BY topic",
                                  {name}));
  auto found = consumers_of(rows);
  return found.empty() ? std::optional<Consumer>() : std::optional(std::move(found.front()));
}

Result<void> check_told(Transaction& tables, std::int64_t position) {
  ALK_TRY(const std::int64_t newest, newest_position(tables));
  if (position < 0 || position > newest) return fail(Kind::Invalid, "position: there is no such event yet");
  return {};
}

} // namespace

Result<Consumer> create_consumer(Transaction& tables, const std::string& name,
                                 const std::vector<std::string>& streams,
                                 std::optional<std::int64_t> position) {
  ALK_TRY_VOID(check_name("consumer", name, max_name_bytes));
  ALK_TRY_VOID(check_filter({streams, {}, {}, {}}));
  ALK_TRY(const auto before, find_consumer(tables, name));
  if (before) return fail(Kind::Conflict, "there is a consumer of this name");
  ALK_TRY(auto count, tables.find("SELECT count(DISTINCT name) FROM stream_consumers"));
  if (count && count->integer(0) >= static_cast<std::int64_t>(max_consumers))
    return fail(Kind::Busy, "too many consumers");
  ALK_TRY(const std::int64_t newest, newest_position(tables));
  const std::int64_t begin = position.value_or(newest);
  ALK_TRY_VOID(check_told(tables, begin));
  for (auto stream : projected_streams()) {
    if (!streams.empty() && std::find(streams.begin(), streams.end(), stream) == streams.end()) continue;
    for (const auto& topic : topics_of(stream)) ALK_TRY_VOID(save_position(tables, name, topic, begin));
  }
  return require_consumer(tables, name);
}

Result<Consumer> require_consumer(Transaction& tables, const std::string& name) {
  ALK_TRY(auto found, find_consumer(tables, name));
  if (!found) return fail(Kind::NotFound, "no such consumer");
  return std::move(*found);
}

Result<std::vector<Consumer>> list_consumers(Transaction& tables) {
  ALK_TRY(auto rows, tables.query("SELECT name, topic, position FROM stream_consumers ORDER BY name, topic"));
  return consumers_of(rows);
}

Result<void> delete_consumer(Transaction& tables, const std::string& name) {
  ALK_TRY(const auto gone, tables.execute("DELETE FROM stream_consumers WHERE name = ?1", {name}));
  if (gone == 0) return fail(Kind::NotFound, "no such consumer");
  return {};
}

Result<std::int64_t> acknowledge(Transaction& tables, const std::string& name, std::int64_t position) {
  ALK_TRY_VOID(check_told(tables, position));
  ALK_TRY_VOID(tables.execute("UPDATE stream_consumers SET position = ?2 WHERE name = ?1 AND position < ?2",
                              {name, position}));
  ALK_TRY(const Consumer consumer, require_consumer(tables, name));
  return consumer.position;
}

} // namespace alk::stored
