// Events on org.alknet.Store1: streams, and descriptors that carry them.
#include "alknet-stored/events/backlog.hpp"
#include "alknet-stored/events/subscription.hpp"
#include "alknet-stored/facts.hpp"
#include "alknet-stored/graph_facts.hpp"
#include "alknet-stored/store_bus.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

struct Wish {
  Place place = Place::system();
  EventFilter filter;
  std::optional<std::int64_t> from;
  std::string consumer; // "": none
  AtEnd at_end = AtEnd::Follow;
};

Result<std::optional<std::int64_t>> position_fact(const bus::Dictionary& facts, const char* name) {
  ALK_TRY(const auto given, fact<std::uint64_t>(facts, name));
  if (!given) return std::optional<std::int64_t>();
  if (*given > static_cast<std::uint64_t>(INT64_MAX))
    return fail(Kind::Invalid, std::string(name) + ": is no position");
  return static_cast<std::int64_t>(*given);
}

Result<Wish> read_wish(bus::Call& call) {
  Wish wish;
  ALK_TRY(wish.place, read_place(call));
  ALK_TRY(wish.filter.streams, call.in.read_texts());
  ALK_TRY(const bus::Dictionary facts, call.in.read_dictionary());
  ALK_TRY_VOID(check_facts(facts, {"from", "follow", "consumer", "actions", "keys", "graph"}));
  ALK_TRY(wish.from, position_fact(facts, "from"));
  ALK_TRY(const auto follow, fact<bool>(facts, "follow"));
  ALK_TRY(auto consumer, fact<std::string>(facts, "consumer"));
  ALK_TRY(auto actions, fact<std::vector<std::string>>(facts, "actions"));
  ALK_TRY(auto keys, fact<std::vector<std::string>>(facts, "keys"));
  ALK_TRY(auto graph, fact<std::string>(facts, "graph"));
  wish.consumer = std::move(consumer).value_or("");
  if (!wish.consumer.empty() && wish.from) return fail(Kind::Invalid, "from: a consumer begins where it is");
  wish.filter.actions = std::move(actions).value_or(std::vector<std::string>());
  wish.filter.keys = std::move(keys).value_or(std::vector<std::string>());
  wish.filter.graph = std::move(graph).value_or("");
  wish.at_end = follow.value_or(true) ? AtEnd::Follow : AtEnd::Close;
  ALK_TRY_VOID(check_filter(wish.filter));
  return wish;
}

struct Opened {
  std::unique_ptr<LineSource> source;
  std::int64_t position = 0; // that it begins behind
};

// A consumer's streams, or some of them: what it acknowledges is about these alone.
Result<std::int64_t> narrow_to_consumer(Transaction& tables, const std::string& name, EventFilter& filter) {
  ALK_TRY(const Consumer consumer, require_consumer(tables, name));
  for (const auto& stream : filter.streams)
    if (std::find(consumer.streams.begin(), consumer.streams.end(), stream) == consumer.streams.end())
      return fail(Kind::Invalid, "streams: are not all this consumer's");
  if (filter.streams.empty()) filter.streams = consumer.streams;
  return consumer.position;
}

Result<Opened> open_wish(Transaction& tables, Wish wish) {
  ALK_TRY(const std::int64_t newest, newest_position(tables));
  Opened opened;
  opened.position = wish.from.value_or(newest);
  if (!wish.consumer.empty()) {
    ALK_TRY(opened.position, narrow_to_consumer(tables, wish.consumer, wish.filter));
  }
  // What is not there yet was never told to anybody: it is the position of another database.
  if (opened.position > newest) return fail(Kind::Invalid, "from: there is no such event yet");
  const auto last = wish.at_end == AtEnd::Close ? std::optional(newest) : std::nullopt;
  ALK_TRY(opened.source, Subscription::open(wish.filter, opened.position, last));
  return opened;
}

Result<void> answer_wish(StoreBus* self, bus::Call& call, const Wish& wish, Opened& opened) {
  ALK_TRY(const Fd theirs,
          self->subscribers().add(call.sender_uid(), wish.place, std::move(opened.source), wish.at_end));
  call.out.write_fd(theirs.get()).write_u64(static_cast<std::uint64_t>(opened.position));
  return {};
}

// Not by a Plan: what is answered is made here, on the loop, and may fail.
void subscribe(StoreBus* self, bus::Call call) {
  auto wish = read_wish(call);
  if (!wish) return call.finish(pass(std::move(wish).error()));
  if (auto room = self->subscribers().admit(call.sender_uid()); !room) return call.finish(std::move(room));
  auto held = std::make_shared<bus::Call>(std::move(call));
  auto opened = std::make_shared<Opened>();
  auto work = [opened, wish = *wish](Transaction& tables) -> Result<void> {
    ALK_TRY(*opened, open_wish(tables, wish));
    return {};
  };
  self->store().read(wish->place, work, [self, held, opened, wish = *wish](Result<void> done) {
    held->finish(done ? answer_wish(self, *held, wish, *opened) : std::move(done));
  });
}

struct StreamHead {
  std::string_view stream;
  std::int64_t position = 0;
  UnixSeconds time = 0;
};

Result<std::vector<StreamHead>> stream_heads(Transaction& tables) {
  std::vector<StreamHead> heads;
  for (auto stream : projected_streams()) {
    StreamHead head{stream, 0, 0};
    for (const auto& topic : topics_of(stream)) {
      ALK_TRY(auto row,
              tables.find("SELECT position, created_at FROM stream_events WHERE topic = ?1 ORDER BY "
                          "position DESC LIMIT 1",
                          {topic}));
      if (row && row->integer(0) > head.position) head = {stream, row->integer(0), row->integer(1)};
    }
    heads.push_back(head);
  }
  return heads;
}

Result<Plan> plan_list_streams(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  return reading_in(place, stream_heads, [](bus::Message& out, const std::vector<StreamHead>& heads) {
    std::vector<bus::Dictionary> list;
    for (const auto& head : heads) {
      bus::Dictionary facts = {{"stream", std::string(head.stream)},
                               {"position", static_cast<std::uint64_t>(head.position)}};
      if (head.position > 0) facts["time"] = seconds_out(head.time);
      list.push_back(std::move(facts));
    }
    out.write_dictionaries(list);
  });
}

bus::Dictionary facts_of(const Consumer& consumer) {
  return {{"consumer", consumer.name},
          {"streams", consumer.streams},
          {"position", static_cast<std::uint64_t>(consumer.position)}};
}

void write_consumer(bus::Message& out, const Consumer& consumer) {
  out.write_dictionary(facts_of(consumer));
}

Result<Plan> plan_create_consumer(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string name, call.in.read_text());
  ALK_TRY(const auto streams, call.in.read_texts());
  ALK_TRY(const bus::Dictionary facts, call.in.read_dictionary());
  ALK_TRY_VOID(check_facts(facts, {"from"}));
  ALK_TRY(const auto from, position_fact(facts, "from"));
  auto create = [=](Transaction& tables) { return create_consumer(tables, name, streams, from); };
  return noting_in(place, create, write_consumer);
}

Result<Plan> plan_list_consumers(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  auto write = [](bus::Message& out, const std::vector<MeasuredConsumer>& consumers) {
    std::vector<bus::Dictionary> list;
    for (const auto& consumer : consumers) {
      bus::Dictionary facts = facts_of(consumer);
      facts["behind"] = static_cast<std::uint64_t>(consumer.backlog.events);
      if (consumer.backlog.oldest) facts["oldest"] = seconds_out(*consumer.backlog.oldest);
      list.push_back(std::move(facts));
    }
    out.write_dictionaries(list);
  };
  return reading_in(place, measure_consumers, write);
}

// What it removes is no change of an identity, but somebody may look for it: the journal says who did it.
Result<Plan> plan_prune_events(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const bus::Dictionary facts, call.in.read_dictionary());
  ALK_TRY_VOID(check_facts(facts, {"before", "older_than", "unread"}));
  ALK_TRY(const auto before, position_fact(facts, "before"));
  ALK_TRY(const auto seconds, position_fact(facts, "older_than"));
  ALK_TRY(const auto unread, fact<bool>(facts, "unread"));
  if (before.has_value() == seconds.has_value())
    return fail(Kind::Invalid, "before, older_than: one of them has to say which events");
  EventPruning pruning;
  pruning.before = before.value_or(INT64_MAX);
  if (seconds) pruning.older_than = act.now - *seconds;
  pruning.unread = unread.value_or(false) ? Unread::Lose : Unread::Keep;
  return noting_in(
      place, [=](Transaction& tables) { return prune_events_now(tables, pruning); },
      [actor = act.actor](bus::Message& out, std::uint64_t removed) {
        if (removed > 0) log::info(std::to_string(removed) + " events were removed by " + actor);
        out.write_u64(removed);
      });
}

Result<Plan> plan_delete_consumer(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string name, call.in.read_text());
  auto drop = [=](Transaction& tables) { return nothing_from(delete_consumer(tables, name)); };
  return noting_in(place, drop, write_nothing);
}

Result<Plan> plan_acknowledge(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string name, call.in.read_text());
  ALK_TRY(const std::uint64_t position, call.in.read_u64());
  const auto upto = static_cast<std::int64_t>(std::min(position, static_cast<std::uint64_t>(INT64_MAX)));
  return noting_in(
      place, [=](Transaction& tables) { return acknowledge(tables, name, upto); },
      [](bus::Message& out, std::int64_t reached) { out.write_u64(static_cast<std::uint64_t>(reached)); });
}

} // namespace

Methods event_methods(StoreBus* self) {
  const bus::Argument organization{"s", "organization"}, consumer{"s", "consumer"};
  return {
      {"Subscribe",
       {organization, {"as", "streams"}, {"a{sv}", "facts"}},
       {{"h", "events"}, {"t", "position"}},
       bus::Method::Defer([self](bus::Call call) { subscribe(self, std::move(call)); })},
      StoreBus::method(self, "ListStreams", {organization}, {{"aa{sv}", "streams"}}, plan_list_streams),
      StoreBus::method(self, "CreateConsumer",
                       {organization, consumer, {"as", "streams"}, {"a{sv}", "facts"}}, {{"a{sv}", "made"}},
                       plan_create_consumer),
      StoreBus::method(self, "ListConsumers", {organization}, {{"aa{sv}", "consumers"}}, plan_list_consumers),
      StoreBus::method(self, "PruneEvents", {organization, {"a{sv}", "facts"}}, {{"t", "removed"}},
                       plan_prune_events),
      StoreBus::method(self, "DeleteConsumer", {organization, consumer}, {}, plan_delete_consumer),
      StoreBus::method(self, "Acknowledge", {organization, consumer, {"t", "position"}}, {{"t", "reached"}},
                       plan_acknowledge),
  };
}

} // namespace alk::stored
