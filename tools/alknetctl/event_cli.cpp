// The command line of events and queue.
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
        app_(*program.add_subcommand("events", "What changes, as it changes")),
        queue_(*program.add_subcommand("queue", "Jobs that wait, and those that failed")) {
    for (CLI::App* noun : {&app_, &queue_}) {
      noun->fallthrough();
      noun->require_subcommand(1);
    }
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
    add_prune();
    add_consumers();
    add_queues();
  }

 private:
  void add_prune() {
    auto* prune = verb("prune", "Remove old events", &events_prune);
    auto* before = prune->add_option("--before", words_.before, "Those before the event of this number");
    before->type_name("NUMBER");
    prune->add_option("--older-than", words_.older_than, "Those of more than this age, such as 90d")
        ->type_name("TIME")
        ->excludes(before);
    prune->add_flag("--unread", words_.unread,
                    "Also what a consumer has not acknowledged and will never see");
  }
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
  void add_queues() {
    verb_of(queue_, "list", "Queues, and how many jobs they have", &queue_list);
    auto* dead = verb_of(queue_, "dead", "The dead letters of a queue", &queue_dead);
    dead->add_option("QUEUE", words_.queue, "Its name")->required();
    dead->add_option("--limit", words_.limit, "How many")->check(CLI::Range(1, 100))->capture_default_str();
    dead->add_option("--after", words_.after, "Go on after this one")->type_name("JOB");
    verb_of(queue_, "requeue", "Let a dead letter be tried again", &queue_requeue)
        ->add_option("JOB", words_.job, "Its number")
        ->required();
  }
  CLI::App* verb(const char* name, const char* description, EventVerb run) {
    return verb_of(app_, name, description, run);
  }
  CLI::App* verb_of(CLI::App& noun, const char* name, const char* description, EventVerb run) {
    auto* made = add_(noun, name, description, [&place = place_, &words = words_, run](const Output& output) {
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
  CLI::App& queue_;
};

} // namespace

std::shared_ptr<EventCliWords> add_event_verbs(CLI::App& program, const Place& place, const AddVerb& add) {
  auto words = std::make_shared<EventCliWords>();
  EventCli(program, place, add, words->event).add_all();
  return words;
}

} // namespace alk::alknetctl
