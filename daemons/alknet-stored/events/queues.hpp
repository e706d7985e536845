// Work queues (services.md 7.6): at least once, each step in the transaction of whatever it belongs to. A job
// that is claimed is its worker's until the claim runs out; then anybody may have it.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

inline constexpr std::int64_t default_max_attempts = 3;
inline constexpr std::int64_t highest_max_attempts = 100;
inline constexpr UnixSeconds default_visibility = 300; // seconds that a claim lasts
inline constexpr UnixSeconds longest_visibility = 24 * 3600;
inline constexpr std::size_t max_claim = 100;                   // jobs of one claim, and of one sweep
inline constexpr std::size_t max_claim_bytes = 4 * 1024 * 1024; // of payloads of one claim, or one more
inline constexpr std::size_t max_queue_page = 1000;             // queues of one listing
inline constexpr std::size_t max_job_bytes = 256 * 1024; // a payload is a note of what to do, not the data
inline constexpr std::size_t max_job_error_bytes = 1024; // longer ones are cut
inline constexpr UnixSeconds longest_backoff = 24 * 3600;

struct NewJob {
  std::string queue;
  std::string payload = "null";          // JSON
  std::int64_t priority = 0;             // higher first
  UnixSeconds run_at = 0;                // not before
  std::optional<UnixSeconds> expires_at; // not after
  std::int64_t max_attempts = default_max_attempts;
};

struct Job {
  std::int64_t id = 0;
  std::string queue;
  std::string payload;
  std::int64_t priority = 0;
  std::int64_t attempts = 0; // this one included
  std::int64_t max_attempts = 0;
  UnixSeconds claim_expires_at = 0;
};

struct DeadJob {
  std::int64_t id = 0;
  std::string payload;
  std::int64_t attempts = 0;
  std::string last_error;
  UnixSeconds died_at = 0;
};

// The job's id; whoever listens to "honker:QUEUE" is told. Invalid: no name, no JSON, beyond a limit.
Result<std::int64_t> enqueue(Transaction& tables, const NewJob& job, UnixSeconds now);

// Up to `count` jobs that are due, or whose claim has run out, by priority, time and age. One whose attempts
// are used up goes to the dead letters instead. `worker` names the claim: use a new one for each.
Result<std::vector<Job>> claim(Transaction& tables, std::string_view queue, std::string_view worker,
                               std::size_t count, UnixSeconds now,
                               UnixSeconds visibility = default_visibility);

// All of these: whether the job was still that worker's, and its claim had not run out. If not, nothing is
// changed.
Result<bool> ack(Transaction& tables, std::int64_t id, std::string_view worker,
                 UnixSeconds now); // done: it goes
Result<bool> retry(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now,
                   UnixSeconds delay,
                   std::string_view error); // again later, or a dead letter when no attempt is left
Result<bool> fail_job(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now,
                      std::string_view error); // a dead letter at once
Result<bool> heartbeat(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now,
                       UnixSeconds visibility = default_visibility);

Result<bool> cancel(Transaction& tables, std::int64_t id); // whoever has it; whether it was there

// Jobs that have expired without being anybody's become dead letters ("expired"): how many, at most
// max_claim.
Result<std::size_t> sweep_expired(Transaction& tables, UnixSeconds now);

struct QueueCount {
  std::string queue;
  std::int64_t pending = 0; // due, or later
  std::int64_t processing = 0;
  std::int64_t dead = 0;
};
// Queues that have jobs or dead letters, by name, from the first after `after` on: at most max_queue_page.
Result<std::vector<QueueCount>> list_queues(Transaction& tables, std::string_view after);

Result<std::vector<DeadJob>> dead_jobs(Transaction& tables, std::string_view queue, std::int64_t after_id,
                                       std::size_t limit);
Result<bool> revive(Transaction& tables, std::int64_t id,
                    UnixSeconds now); // a dead letter becomes a new job, all attempts left
Result<std::uint64_t> prune_dead(Transaction& tables, UnixSeconds died_before);

// base * 2^(attempts - 1) seconds, at most longest_backoff.
UnixSeconds backoff(UnixSeconds base, std::int64_t attempts);

} // namespace alk::stored
