// alknetctl queue: what waits to be done, and what could not be.
#include "entries.hpp"
#include "event_verbs.hpp"

namespace alk::alknetctl {

using clients::EventClient;

int queue_list(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto queues = EventClient(store.connection()).list_queues(*organization);
  if (!queues) return report(queues.error(), output);
  if (output.format == Format::Json) {
    print_json({{"queues", entries_json(*queues)}}, output);
    return exit_ok;
  }
  Table table({"QUEUE", "PENDING", "PROCESSING", "DEAD"});
  for (const auto& queue : *queues)
    table.add({entry_cell(queue, "queue"), entry_cell(queue, "pending"), entry_cell(queue, "processing"),
               entry_cell(queue, "dead")});
  table.print(output.out);
  return exit_ok;
}

int queue_dead(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto jobs =
      EventClient(store.connection()).list_dead_jobs(*organization, words.queue, words.after, words.limit);
  if (!jobs) return report(jobs.error(), output);
  if (output.format == Format::Json) {
    print_json({{"jobs", entries_json(*jobs)}}, output);
    return exit_ok;
  }
  Table table({"JOB", "DIED", "ATTEMPTS", "ERROR", "PAYLOAD"});
  for (const auto& job : *jobs)
    table.add({entry_cell(job, "job"), entry_date(job, "died_at"), entry_cell(job, "attempts"),
               entry_cell(job, "error"), entry_cell(job, "payload")});
  table.print(output.out);
  return exit_ok;
}

int queue_requeue(StoreClient& store, const EventWords& words, const Output& output) {
  auto organization = organization_id(store, words.organization);
  if (!organization) return report(organization.error(), output);
  auto done = EventClient(store.connection()).requeue_dead_job(*organization, words.job);
  return done ? exit_ok : report(done.error(), output);
}

} // namespace alk::alknetctl
