#include "alknet-stored/events/queues.hpp"

#include "alknet-stored/events/notifications.hpp"
#include "alknet-stored/graph/json_text.hpp"
#include "alknet-stored/graph/metagraph.hpp"
#include "alknet-stored/streams.hpp"

#include <algorithm>

namespace alk::stored {
namespace {

Result<void> check(const NewJob& job, UnixSeconds now) {
  ALK_TRY_VOID(check_name("queue", job.queue, max_name_bytes));
  auto payload = check_json(job.payload, max_job_bytes);
  if (!payload) return pass(std::move(payload).error(), "payload");
  if (job.max_attempts < 1 || job.max_attempts > highest_max_attempts)
    return fail(Kind::Invalid, "max_attempts: is not between 1 and " + std::to_string(highest_max_attempts));
  if (job.expires_at && *job.expires_at <= now) return fail(Kind::Invalid, "expires_at: is in the past");
  return {};
}

// At most `limit` bytes, without half a character at the end.
std::string cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return std::string(text.substr(0, limit));
}

Result<void> bury(Transaction& tables, std::int64_t id, std::string_view error, UnixSeconds now) {
  ALK_TRY_VOID(tables.execute(
      "INSERT INTO dead_jobs (id, queue, payload, priority, run_at, attempts, max_attempts, last_error, "
      "created_at, died_at) SELECT id, queue, payload, priority, run_at, attempts, max_attempts, ?2, "
      "created_at, ?3 FROM jobs WHERE id = ?1",
      {id, cut(error, max_job_error_bytes), now}));
  ALK_TRY_VOID(tables.execute("DELETE FROM jobs WHERE id = ?1", {id}));
  return {};
}

// The attempts made and allowed, if the job is that worker's now.
Result<std::optional<Row>> owned(Transaction& tables, std::int64_t id, std::string_view worker,
                                 UnixSeconds now) {
  return tables.find(
      "SELECT attempts, max_attempts FROM jobs WHERE id = ?1 AND state = 'processing' AND worker = ?2 AND "
      "claim_expires_at > ?3",
      {id, worker, now});
}

Result<Rows> due(Transaction& tables, std::string_view queue, std::size_t count, UnixSeconds now) {
  return tables.query(
      "SELECT id, payload, priority, attempts, max_attempts, state FROM jobs WHERE queue = ?1 AND ((state = "
      "'pending' AND run_at <= ?2) OR (state = 'processing' AND claim_expires_at <= ?2)) AND (expires_at IS "
      "NULL "
      "OR expires_at > ?2) ORDER BY priority DESC, run_at, id LIMIT ?3",
      {queue, now, static_cast<std::int64_t>(count)});
}

} // namespace

Result<std::int64_t> enqueue(Transaction& tables, const NewJob& job, UnixSeconds now) {
  ALK_TRY_VOID(check(job, now));
  ALK_TRY(auto id, next_number(tables, "job"));
  ALK_TRY_VOID(tables.execute(
      "INSERT INTO jobs (id, queue, payload, state, priority, run_at, attempts, max_attempts, created_at, "
      "expires_at) VALUES (?1, ?2, ?3, 'pending', ?4, ?5, 0, ?6, ?7, ?8)",
      {id, job.queue, job.payload, job.priority, std::max(job.run_at, now), job.max_attempts, now,
       job.expires_at}));
  ALK_TRY_VOID(notify(tables, "honker:" + job.queue, std::to_string(id), now));
  return id;
}

Result<std::vector<Job>> claim(Transaction& tables, std::string_view queue, std::string_view worker,
                               std::size_t count, UnixSeconds now, UnixSeconds visibility) {
  ALK_TRY_VOID(check_name("worker", worker, max_name_bytes));
  if (visibility < 1 || visibility > longest_visibility)
    return fail(Kind::Invalid, "visibility: not a number of seconds up to a day");
  std::vector<Job> claimed;
  std::size_t bytes = 0;
  ALK_TRY(auto rows, due(tables, queue, std::clamp<std::size_t>(count, 1, max_claim), now));
  for (const auto& row : rows) {
    Job job{row.integer(0),     std::string(queue), row.text(1),     row.integer(2),
            row.integer(3) + 1, row.integer(4),     now + visibility};
    if (job.attempts > job.max_attempts) {
      ALK_TRY_VOID(bury(tables, job.id, "claim ran out", now));
      continue;
    }
    bytes += job.payload.size();
    if (!claimed.empty() && bytes > max_claim_bytes) break;
    ALK_TRY_VOID(tables.execute(
        "UPDATE jobs SET state = 'processing', worker = ?2, claim_expires_at = ?3, attempts = ?4 WHERE id "
        "= ?1",
        {job.id, worker, job.claim_expires_at, job.attempts}));
    claimed.push_back(std::move(job));
  }
  return claimed;
}

Result<bool> ack(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now) {
  ALK_TRY(auto row, owned(tables, id, worker, now));
  if (!row) return false;
  ALK_TRY_VOID(tables.execute("DELETE FROM jobs WHERE id = ?1", {id}));
  return true;
}

Result<bool> retry(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now,
                   UnixSeconds delay, std::string_view error) {
  ALK_TRY(auto row, owned(tables, id, worker, now));
  if (!row) return false;
  if (row->integer(0) >= row->integer(1)) {
    ALK_TRY_VOID(bury(tables, id, error, now));
    return true;
  }
  ALK_TRY_VOID(tables.execute(
      "UPDATE jobs SET state = 'pending', worker = NULL, claim_expires_at = NULL, run_at = ?2 WHERE id = ?1",
      {id, now + std::clamp<UnixSeconds>(delay, 0, longest_backoff)}));
  return true;
}

Result<bool> fail_job(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now,
                      std::string_view error) {
  ALK_TRY(auto row, owned(tables, id, worker, now));
  if (!row) return false;
  ALK_TRY_VOID(bury(tables, id, error, now));
  return true;
}

Result<bool> heartbeat(Transaction& tables, std::int64_t id, std::string_view worker, UnixSeconds now,
                       UnixSeconds visibility) {
  if (visibility < 1 || visibility > longest_visibility)
    return fail(Kind::Invalid, "visibility: not a number of seconds up to a day");
  ALK_TRY(auto row, owned(tables, id, worker, now));
  if (!row) return false;
  ALK_TRY_VOID(tables.execute("UPDATE jobs SET claim_expires_at = ?2 WHERE id = ?1", {id, now + visibility}));
  return true;
}

Result<bool> cancel(Transaction& tables, std::int64_t id) {
  ALK_TRY(auto gone, tables.execute("DELETE FROM jobs WHERE id = ?1", {id}));
  return gone > 0;
}

Result<std::size_t> sweep_expired(Transaction& tables, UnixSeconds now) {
  ALK_TRY(auto rows, tables.query("SELECT id FROM jobs WHERE expires_at <= ?1 AND (state = 'pending' OR "
                                  "claim_expires_at <= ?1) ORDER "
                                  "BY id LIMIT ?2",
                                  {now, static_cast<std::int64_t>(max_claim)}));
  for (const auto& row : rows) ALK_TRY_VOID(bury(tables, row.integer(0), "expired", now));
  return rows.size();
}

Result<std::vector<QueueCount>> list_queues(Transaction& tables, std::string_view after) {
  ALK_TRY(auto rows,
          tables.query(
              "SELECT queue, sum(pending), sum(processing), sum(dead) FROM (SELECT queue, CASE WHEN state = "
              "'pending' THEN 1 ELSE 0 END AS pending, CASE WHEN state = 'processing' THEN 1 ELSE 0 END AS "
              "processing, 0 AS dead FROM jobs UNION ALL SELECT queue, 0, 0, 1 FROM dead_jobs) AS counted "
              "WHERE queue > ?1 GROUP BY queue ORDER BY queue LIMIT ?2",
              {after, static_cast<std::int64_t>(max_queue_page)}));
  std::vector<QueueCount> queues;
  for (const auto& row : rows)
    queues.push_back({row.text(0), row.integer(1), row.integer(2), row.integer(3)});
  return queues;
}

Result<std::vector<DeadJob>> dead_jobs(Transaction& tables, std::string_view queue, std::int64_t after_id,
                                       std::size_t limit) {
  ALK_TRY(auto rows,
          tables.query("SELECT id, payload, attempts, last_error, died_at FROM dead_jobs WHERE "
                       "queue = ?1 AND id > ?2 ORDER "
                       "BY id LIMIT ?3",
                       {queue, after_id,
                        static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, max_graph_page))}));
  std::vector<DeadJob> jobs;
  for (const auto& row : rows)
    jobs.push_back({row.integer(0), row.text(1), row.integer(2), row.text(3), row.integer(4)});
  return jobs;
}

Result<bool> revive(Transaction& tables, std::int64_t id, UnixSeconds now) {
  ALK_TRY(auto row,
          tables.find("SELECT queue, payload, priority, max_attempts FROM dead_jobs WHERE id = ?1", {id}));
  if (!row) return false;
  NewJob job;
  job.queue = row->text(0);
  job.payload = row->text(1);
  job.priority = row->integer(2);
  job.max_attempts = row->integer(3);
  ALK_TRY_VOID(enqueue(tables, job, now));
  ALK_TRY_VOID(tables.execute("DELETE FROM dead_jobs WHERE id = ?1", {id}));
  return true;
}

Result<std::uint64_t> prune_dead(Transaction& tables, UnixSeconds died_before) {
  return tables.execute("DELETE FROM dead_jobs WHERE died_at < ?1", {died_before});
}

UnixSeconds backoff(UnixSeconds base, std::int64_t attempts) {
  UnixSeconds delay = std::clamp<UnixSeconds>(base, 0, longest_backoff);
  for (; attempts > 1 && delay < longest_backoff && delay > 0; --attempts) delay *= 2;
  return std::min(delay, longest_backoff);
}

} // namespace alk::stored
