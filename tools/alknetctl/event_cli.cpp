// The command line of events.
#include "event_verbs.hpp"
#include "store_cli.hpp"

#include <CLI/CLI.hpp>

namespace alk::alknetctl {

struct EventCliWords {
  EventWords event;
};

namespace {

using EventVerb = int (*)(StoreClient&, const EventWords&, const Output&);

class EventCli {
 public:
  EventCli(CLI::App& program, const Place& place, const AddVerb& add, EventWords& words)
      : place_(place), add_(add), words_(words),
        app_(*program.add_subcommand("events", "What changes, as it changes")) {
    app_.fallthrough();
    app_.require_subcommand(1);
  }

  void add_all() {
    auto* watch = verb("watch", "Print events as they come, until it is stopped", &events_watch);
    add_filter(watch);
    auto* from =
        watch->add_option("--from", words_.from, "Begin behind this one, 0 for the first (default: now)");
    from->type_name("NUMBER");
    watch->add_option("--consumer", words_.consumer, "Go on where this one is, and acknowledge")
        ->type_name("NAME")
        ->excludes(from);
    auto* list = verb("list", "Print the events that there are", &events_list);
    add_filter(list);
    list->add_option("--from", words_.from, "Begin behind this one (default: 0)")->type_name("NUMBER");
    verb("streams", "The streams, and the newest event of each", &events_streams);
    add_consumers();
  }

 private:
  void add_consumers() {
    verb("consumers", "Who is remembered, and how far they are", &events_consumers);
    auto* add = verb("add-consumer", "Remember a reader: its events are kept", &events_add_consumer);
    add->add_option("NAME", words_.consumer, "To know it by")->required();
    add->add_option("STREAM", words_.streams, "Only these: see `alknetctl events streams`");
    add->add_option("--from", words_.from, "Begin behind this one, 0 for the first (default: now)")
        ->type_name("NUMBER");
    verb("remove-consumer", "Forget a reader", &events_remove_consumer)
        ->add_option("NAME", words_.consumer, "As `alknetctl events consumers` says it")
        ->required();
  }
  CLI::App* verb(const char* name, const char* description, EventVerb run) {
    auto* made = add_(app_, name, description, [&place = place_, &words = words_, run](const Output& output) {
      return with_store(place, output, [&](StoreClient& store) { return run(store, words, output); });
    });
    made->add_option("--org", words_.organization, "Those of an organisation, by its slug or id")
        ->type_name("ORG");
    return made;
  }
  void add_filter(CLI::App* verb) {
    verb->add_option("STREAM", words_.streams, "Only these: see `alknetctl events streams`");
    verb->add_option("--action", words_.actions, "Only this; may be repeated")
        ->check(CLI::IsMember({"created", "updated", "deleted", "changed"}))
        ->expected(1)
        ->take_all();
    verb->add_option("--key", words_.keys, "Only of this key; may be repeated")
        ->type_name("KEY")
        ->expected(1)
        ->take_all();
    verb->add_option("--graph", words_.graph, "Only of the graph of this id")->type_name("ID");
  }

  const Place& place_;
  const AddVerb& add_;
  EventWords& words_;
  CLI::App& app_;
};

} // namespace

std::shared_ptr<EventCliWords> add_event_verbs(CLI::App& program, const Place& place, const AddVerb& add) {
  auto words = std::make_shared<EventCliWords>();
  EventCli(program, place, add, words->event).add_all();
  return words;
}

} // namespace alk::alknetctl
