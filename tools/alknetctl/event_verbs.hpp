// alknetctl events and queue: what alknet-stored tells of its changes, and the jobs that it keeps.
#pragma once

#include "clients/event_client.hpp"
#include "event_lines.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

// Of an organisation (its slug or id), or of the system when it is empty.
struct EventWords {
  std::string organization, graph, consumer;
  std::vector<std::string> streams, actions, keys;
  std::optional<std::uint64_t> from, before;
  std::string older_than; // a duration
  bool unread = false;
  std::string queue;
  std::uint64_t job = 0, after = 0;
  std::uint32_t limit = 100;
};

// Until it is stopped, which is no failure: a signal, or nobody reads what it prints. For a consumer it
// acknowledges what was printed.
int events_watch(StoreClient& store, const EventWords& words, const Output& output);
int events_list(StoreClient& store, const EventWords& words, const Output& output); // those of before
int events_streams(StoreClient& store, const EventWords& words, const Output& output);
int events_consumers(StoreClient& store, const EventWords& words, const Output& output);
int events_prune(StoreClient& store, const EventWords& words, const Output& output);
int events_add_consumer(StoreClient& store, const EventWords& words, const Output& output);
int events_remove_consumer(StoreClient& store, const EventWords& words, const Output& output);

int queue_list(StoreClient& store, const EventWords& words, const Output& output);
int queue_dead(StoreClient& store, const EventWords& words, const Output& output);
int queue_requeue(StoreClient& store, const EventWords& words, const Output& output);

// One line of the daemon's as one line for people or, again as JSON, for scripts. Invalid: it is none.
struct EventText {
  std::uint64_t position = 0;
  bool end = false; // of the list: nothing to print
  std::string text;
};
Result<EventText> event_text(const std::string& line, Format format);

} // namespace alk::alknetctl
