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

template <class List>
bool holds(const List& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

bool is_text(const Json& value, std::string_view text) {
  return value.is_string() && value.get_ref<const std::string&>() == text;
}

bool wanted(const EventFilter& filter, std::string_view stream, const Json& key, const Json& data) {
  if (!filter.keys.empty() && (!key.is_string() || !holds(filter.keys, key.get_ref<const std::string&>())))
    return false;
  if (filter.graph.empty()) return true;
  if (stream == "graphs") return is_text(key, filter.graph);
  return data.contains("graph") && is_text(data["graph"], filter.graph);
}

std::string line_of(Json event) {
  auto text = [&] { return event.dump(-1, ' ', false, Json::error_handler_t::replace); };
  std::string line = text();
  if (line.size() <= max_event_line) return line;
  event["data"].erase("attributes");
  event["cut"] = true;
  return text();
}

} // namespace

std::span<const std::string_view> projected_streams() {
  return streams;
}

std::span<const std::string_view> event_actions() {
  return actions;
}

std::vector<std::string> topics_of(std::string_view stream) {
  std::vector<std::string> topics;
  if (!holds(streams, stream)) return topics;
  for (auto action : actions) topics.push_back(std::string(stream) + ':' + std::string(action));
  return topics;
}

Result<void> check_filter(const EventFilter& filter) {
  if (filter.streams.size() > streams.size()) return fail(Kind::Invalid, "streams: too many");
  if (filter.actions.size() > actions.size()) return fail(Kind::Invalid, "actions: too many");
  if (filter.keys.size() > max_filter_keys)
    return fail(Kind::Invalid, "keys: are more than " + std::to_string(max_filter_keys));
  for (const auto& stream : filter.streams)
    if (!holds(streams, stream)) return fail(Kind::NotFound, "no such stream");
  for (const auto& action : filter.actions)
    if (!holds(actions, action)) return fail(Kind::NotFound, "no such action");
  for (const auto& key : filter.keys) ALK_TRY_VOID(check_name("keys", key, max_key_bytes));
  if (!filter.graph.empty()) ALK_TRY_VOID(check_name("graph", filter.graph, max_name_bytes));
  return {};
}

std::optional<std::string> project(std::string_view topic, const Event& event, const EventFilter& filter) {
  auto colon = topic.find(':');
  auto stream = topic.substr(0, colon);
  if (colon == topic.npos || !holds(streams, stream)) return std::nullopt;
  auto action = topic.substr(colon + 1);
  if (!holds(actions, action)) return std::nullopt;
  Json data = Json::object();
  Json key = event.key ? Json(*event.key) : Json();
  auto payload = read_json(event.payload, max_value);
  if (payload && payload->is_object()) {
    for (const auto& member : members_of(stream))
      if (auto found = payload->find(member.inside); found != payload->end()) data[member.outside] = *found;
    if (stream == "nodes" && data.contains("key")) key = data["key"];
    if (action == "deleted") data.erase("attributes");
  }
  if (!wanted(filter, stream, key, data)) return std::nullopt;
  return line_of({{"stream", stream},
                  {"seq", event.position},
                  {"key", std::move(key)},
                  {"action", action},
                  {"schema_version", projection_version},
                  {"data", std::move(data)},
                  {"time", event.created_at}});
}

} // namespace alk::stored
