#include "alknet-stored/events/projection.hpp"

#include "alknet-stored/graph/json_value.hpp"
#include "alknet-stored/graph/metagraph.hpp"

#include <algorithm>
#include <array>

namespace alk::stored {
namespace {

constexpr std::array<std::string_view, 9> streams = {
    "nodes", "edges", "graphs", "acl", "accounts", "organizations", "members", "credentials", "api_keys"};
constexpr std::array<std::string_view, 4> actions = {"created", "updated", "deleted", "changed"};

struct Member {
  const char* inside;
  const char* outside;
};
// Everything else of an event (ids of rows, who asked, what is private to a credential) stays inside.
constexpr Member node_members[] = {
    {"graph_id", "graph"}, {"key", "key"}, {"type", "type"}, {"attributes", "attributes"}};
constexpr Member edge_members[] = {
    {"graph_id", "graph"},       {"key", "key"},   {"source", "source"},
    {"target", "target"},        {"type", "type"}, {"undirected", "undirected"},
    {"attributes", "attributes"}};
constexpr Member graph_members[] = {{"name", "name"}, {"status", "status"}};

std::span<const Member> members_of(std::string_view stream) {
  if (stream == "nodes") return node_members;
  if (stream == "edges") return edge_members;
  if (stream == "graphs") return graph_members;
  return {}; // a notification: what happened to which, and no more
}

} // namespace

std::span<const std::string_view> projected_streams() {
  return streams;
}

std::vector<std::string> topics_of(std::string_view stream) {
  std::vector<std::string> topics;
  if (std::find(streams.begin(), streams.end(), stream) == streams.end()) return topics;
  for (auto action : actions) topics.push_back(std::string(stream) + ':' + std::string(action));
  return topics;
}

std::optional<std::string> project(std::string_view topic, const Event& event) {
  auto colon = topic.find(':');
  auto stream = topic.substr(0, colon);
  if (colon == topic.npos || std::find(streams.begin(), streams.end(), stream) == streams.end())
    return std::nullopt;
  auto action = topic.substr(colon + 1);
  if (std::find(actions.begin(), actions.end(), action) == actions.end()) return std::nullopt;
  Json data = Json::object();
  Json key = event.key ? Json(*event.key) : Json();
  auto payload = read_json(event.payload, max_value);
  if (payload && payload->is_object()) {
    for (const auto& member : members_of(stream))
      if (auto found = payload->find(member.inside); found != payload->end()) data[member.outside] = *found;
    if (stream == "nodes" && data.contains("key")) key = data["key"];
    if (action == "deleted") data.erase("attributes");
  }
  Json line = {{"stream", stream},
               {"seq", event.position},
               {"key", std::move(key)},
               {"action", action},
               {"schema_version", projection_version},
               {"data", std::move(data)},
               {"time", event.created_at}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Subscription> Subscription::open(Transaction& tables, std::string_view stream,
                                        std::string_view consumer, std::int64_t position) {
  auto topics = topics_of(stream);
  if (topics.empty()) return fail(Kind::NotFound, "no such stream");
  if (!consumer.empty()) ALK_TRY_VOID(check_name("consumer", consumer, max_name_bytes));
  Subscription made(std::move(topics), consumer);
  made.position_ = position;
  if (consumer.empty()) return made;
  std::int64_t saved = std::numeric_limits<std::int64_t>::max();
  for (const auto& topic : made.topics_) {
    ALK_TRY(auto one, position_of(tables, consumer, topic));
    saved = std::min(saved, one);
  }
  if (saved > 0) made.position_ = saved;
  return made;
}

Result<std::vector<std::string>> Subscription::next(Transaction& tables, std::size_t limit) {
  struct Found {
    std::string_view topic;
    Event event;
  };
  std::vector<Found> found;
  for (const auto& topic : topics_) {
    ALK_TRY(auto events, read_since(tables, topic, position_, limit));
    for (auto& event : events) found.push_back({topic, std::move(event)});
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.event.position < b.event.position; });
  if (found.size() > limit) found.resize(limit); // the rest of each topic follows later ones of others
  std::vector<std::string> lines;
  for (const auto& one : found) {
    if (auto line = project(one.topic, one.event)) lines.push_back(std::move(*line));
    position_ = one.event.position;
  }
  return lines;
}

Result<void> Subscription::save(Transaction& tables) const {
  if (consumer_.empty()) return {};
  for (const auto& topic : topics_) ALK_TRY_VOID(save_position(tables, consumer_, topic, position_));
  return {};
}

} // namespace alk::stored
