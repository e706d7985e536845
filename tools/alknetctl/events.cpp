// alknetctl events: streams, and what they tell.
#include "config/duration.hpp"
#include "entries.hpp"
#include "event_verbs.hpp"

#include <iostream>

#include <unistd.h>

namespace alk::alknetctl {

namespace {

using clients::EventClient;
using Clock = std::chrono::steady_clock;

// A daemon that ends is started again by D-Bus or systemd; one that stays away this long is told.
constexpr std::chrono::seconds watch_patience{30};
constexpr std::chrono::milliseconds watch_pause{500};
constexpr std::chrono::hours watch_quiet{1};
// What was printed is acknowledged this soon, or after this many events.
constexpr std::chrono::seconds acknowledge_pause{1};
constexpr std::uint64_t acknowledge_events = 1000;

bus::Dictionary facts_of(const EventWords& words, std::optional<std::uint64_t> from, bool follow) {
  bus::Dictionary facts = {{"follow", follow}};
  if (!words.consumer.empty())
    facts["consumer"] = words.consumer;
  else if (from)
    facts["from"] = *from;
  if (!words.actions.empty()) facts["actions"] = words.actions;
  if (!words.keys.empty()) facts["keys"] = words.keys;
  if (!words.graph.empty()) facts["graph"] = words.graph;
  return facts;
}

// One reader, that goes on where it was when the daemon was away.
class EventWatch {
 public:
  EventWatch(StoreClient& store, const EventWords& words, const Output& output, const StopSigns& signs)
      : client_(store.connection()), words_(words), output_(output), signs_(signs), from_(words.from) {}

  Result<void> open(const std::string& organization, bool follow);
  // Done: the list is complete, or it was stopped. Gone: the daemon is, and for long.
  Result<void> run();

 private:
  enum class Next { Go, Done };
  Result<void> subscribe();
  Result<Next> step();
  Result<Next> print(const std::string& line);
  Result<Next> come_back();
  Result<void> acknowledge(bool at_once);

  EventClient client_;
  const EventWords& words_;
  const Output& output_;
  const StopSigns& signs_;
  std::string organization_;
  bool follow_ = true;
  std::optional<std::uint64_t> from_; // where to go on
  std::optional<EventLines> lines_;
  std::uint64_t printed_ = 0; // for the consumer, and not acknowledged
  Clock::time_point acknowledged_ = Clock::now();
  std::optional<Clock::time_point> lost_; // since when there is nothing to read from
};

Result<void> EventWatch::open(const std::string& organization, bool follow) {
  organization_ = organization;
  follow_ = follow;
  return subscribe();
}

Result<void> EventWatch::subscribe() {
  ALK_TRY(auto subscribed,
          client_.subscribe(organization_, words_.streams, facts_of(words_, from_, follow_)));
  from_ = subscribed.position;
  // Only what is printed to a pipe or a terminal has somebody who may leave.
  lines_.emplace(std::move(subscribed.events), signs_, &output_.out == &std::cout ? STDOUT_FILENO : -1);
  return {};
}

Result<void> EventWatch::run() {
  for (;;) {
    ALK_TRY(const Next next, step());
    if (next == Next::Done || !output_.out) return acknowledge(true);
  }
}

// Only what has left: nobody else prints it again.
Result<void> EventWatch::acknowledge(bool at_once) {
  if (printed_ == 0 || !output_.out.flush()) return {};
  if (!at_once && printed_ < acknowledge_events && Clock::now() - acknowledged_ < acknowledge_pause)
    return {};
  ALK_TRY_VOID(client_.acknowledge(organization_, words_.consumer, *from_));
  printed_ = 0;
  acknowledged_ = Clock::now();
  return {};
}

Result<EventWatch::Next> EventWatch::step() {
  std::string line;
  // An acknowledgement that finds nobody is made again when the daemon is back.
  auto done = acknowledge(false);
  if (!done && done.error().kind != Kind::Gone && done.error().kind != Kind::Busy)
    return pass(std::move(done).error());
  using Wait = std::chrono::milliseconds;
  ALK_TRY(const auto came, lines_->next(line, printed_ > 0 ? Wait(acknowledge_pause) : Wait(watch_quiet)));
  switch (came) {
  case EventLines::Came::Line: return print(line);
  case EventLines::Came::Nothing: return Next::Go;
  case EventLines::Came::Stop: return Next::Done;
  case EventLines::Came::End: break;
  }
  return come_back();
}

Result<EventWatch::Next> EventWatch::print(const std::string& line) {
  ALK_TRY(const EventText event, event_text(line, output_.format));
  lost_.reset();
  if (event.end) return Next::Done;
  output_.out << event.text << '\n';
  // What is there is printed together, and at once.
  if (!lines_->has_line()) output_.out.flush();
  from_ = event.position;
  if (!words_.consumer.empty()) ++printed_;
  return Next::Go;
}

Result<EventWatch::Next> EventWatch::come_back() {
  if (!lost_) lost_ = Clock::now();
  for (;;) {
    if (!signs_.pause(watch_pause)) return Next::Done;
    auto again = acknowledge(true);
    if (again) again = subscribe();
    if (again) return Next::Go;
    const Kind kind = again.error().kind;
    if ((kind != Kind::Gone && kind != Kind::Busy) || Clock::now() - *lost_ > watch_patience)
      return pass(std::move(again).error());
  }
}

int run_watch(StoreClient& store, const EventWords& words, const Output& output, bool follow) {
  auto signs = StopSigns::make();
  if (!signs) return report(signs.error(), output);
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  EventWatch watch(store, words, output, **signs);
  auto done = watch.open(*organization, follow);
  if (done) done = watch.run();
  output.out.flush();
  return done ? exit_ok : report(done.error(), output);
}

std::string text_of(const Json& event, const char* name) {
  auto found = event.find(name);
  return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t number_of(const Json& event, const char* name) {
  auto found = event.find(name);
  return found != event.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string line_for_people(const Json& event) {
  std::string text = std::to_string(number_of(event, "seq")) + ' ' +
                     entry_date({{"time", number_of(event, "time")}}, "time") + ' ' +
                     cell(text_of(event, "stream")) + ':' + cell(text_of(event, "action")) + ' ' +
                     words_cell(text_of(event, "key"));
  auto data = event.find("data");
  if (data != event.end() && !data->empty())
    text += ' ' + data->dump(-1, ' ', true, Json::error_handler_t::replace);
  return text;
}

} // namespace

Result<EventText> event_text(const std::string& line, Format format) {
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("seq") || !event["seq"].is_number_unsigned())
    return fail(Kind::Unsupported, "alknet-stored sends what is no event");
  EventText made;
  made.position = number_of(event, "seq");
  made.end = text_of(event, "stream").empty() && text_of(event, "action") == "end";
  made.text = format == Format::Json ? event.dump(-1, ' ', true, Json::error_handler_t::replace)
                                     : line_for_people(event);
  return made;
}

int events_watch(StoreClient& store, const EventWords& words, const Output& output) {
  return run_watch(store, words, output, true);
}

int events_list(StoreClient& store, const EventWords& words, const Output& output) {
  EventWords from = words;
  if (!from.from) from.from = 0;
  return run_watch(store, from, output, false);
}

int events_consumers(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto consumers = EventClient(store.connection()).list_consumers(*organization);
  if (!consumers) return report(consumers.error(), output);
  if (output.format == Format::Json) {
    print_json({{"consumers", entries_json(*consumers)}}, output);
    return exit_ok;
  }
  Table table({"CONSUMER", "POSITION", "BEHIND", "OLDEST", "STREAMS"});
  for (const auto& consumer : *consumers)
    table.add({entry_cell(consumer, "consumer"), entry_cell(consumer, "position"),
               entry_cell(consumer, "behind"), entry_date(consumer, "oldest"),
               entry_cell(consumer, "streams")});
  table.print(output.out);
  return exit_ok;
}

int events_prune(StoreClient& store, const EventWords& words, const Output& output) {
  if (!words.before && words.older_than.empty())
    return report(Error{Kind::Invalid, "say which events: --before or --older-than", {}, {}}, output);
  bus::Dictionary facts = {{"unread", words.unread}};
  if (words.before) facts["before"] = *words.before;
  if (!words.older_than.empty()) {
    auto age = config::parse_duration(words.older_than);
    if (!age) return report(Error{Kind::Invalid, "an age is a number and one of s, m, h, d", {}, {}}, output);
    facts["older_than"] = static_cast<std::uint64_t>(age->count());
  }
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto removed = EventClient(store.connection()).prune_events(*organization, facts);
  if (!removed) return report(removed.error(), output);
  if (output.format == Format::Json)
    print_json({{"removed", *removed}}, output);
  else
    output.out << "removed " << *removed << " events\n";
  return exit_ok;
}

int events_add_consumer(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  bus::Dictionary facts;
  if (words.from) facts["from"] = *words.from;
  auto made =
      EventClient(store.connection()).create_consumer(*organization, words.consumer, words.streams, facts);
  if (!made) return report(made.error(), output);
  if (output.format == Format::Json)
    print_json(entry_json(*made), output);
  else
    output.out << entry_cell(*made, "consumer") << " begins behind " << entry_cell(*made, "position") << '\n';
  return exit_ok;
}

int events_remove_consumer(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto gone = EventClient(store.connection()).delete_consumer(*organization, words.consumer);
  return gone ? exit_ok : report(gone.error(), output);
}

int events_streams(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto streams = EventClient(store.connection()).list_streams(*organization);
  if (!streams) return report(streams.error(), output);
  if (output.format == Format::Json) {
    print_json({{"streams", entries_json(*streams)}}, output);
    return exit_ok;
  }
  Table table({"STREAM", "NEWEST", "TIME"});
  for (const auto& stream : *streams)
    table.add({entry_cell(stream, "stream"), entry_cell(stream, "position"), entry_date(stream, "time")});
  table.print(output.out);
  return exit_ok;
}

} // namespace alk::alknetctl
