// Work queues and ephemeral channels on org.alknet.Store1.
#include "alknet-stored/events/channel.hpp"
#include "alknet-stored/events/queues.hpp"
#include "alknet-stored/facts.hpp"
#include "alknet-stored/graph_facts.hpp"
#include "alknet-stored/store_bus.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

void write_number(bus::Message& out, std::int64_t number) {
  out.write_u64(static_cast<std::uint64_t>(number));
}

void write_truth(bus::Message& out, bool truth) {
  out.write_bool(truth);
}

Result<std::int64_t> read_job(bus::Message& in) {
  ALK_TRY(const std::uint64_t job, in.read_u64());
  return static_cast<std::int64_t>(std::min(job, static_cast<std::uint64_t>(INT64_MAX)));
}

Result<Plan> plan_enqueue(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  NewJob job;
  ALK_TRY(job.queue, call.in.read_text());
  ALK_TRY(job.payload, call.in.read_text());
  ALK_TRY(const bus::Dictionary facts, call.in.read_dictionary());
  ALK_TRY_VOID(check_facts(facts, {"priority", "run_at", "expires_at", "max_attempts"}));
  ALK_TRY(const auto priority, fact<std::int64_t>(facts, "priority"));
  ALK_TRY(const auto run_at, time_fact(facts, "run_at"));
  ALK_TRY(job.expires_at, time_fact(facts, "expires_at"));
  ALK_TRY(const auto attempts, fact<std::uint32_t>(facts, "max_attempts"));
  job.priority = priority.value_or(0);
  job.run_at = run_at.value_or(0);
  job.max_attempts = attempts ? static_cast<std::int64_t>(*attempts) : default_max_attempts;
  return noting_in(
      place, [=](Transaction& tables) { return enqueue(tables, job, act.now); }, write_number);
}

bus::Dictionary facts_of(const Job& job) {
  return {{"job", static_cast<std::uint64_t>(job.id)},
          {"payload", job.payload},
          {"priority", job.priority},
          {"attempts", static_cast<std::uint32_t>(job.attempts)},
          {"max_attempts", static_cast<std::uint32_t>(job.max_attempts)},
          {"claim_expires_at", seconds_out(job.claim_expires_at)}};
}

// 0 stands for the default.
UnixSeconds visibility_of(std::uint32_t seconds) {
  return seconds == 0 ? default_visibility : static_cast<UnixSeconds>(seconds);
}

Result<Plan> plan_claim(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string queue, call.in.read_text());
  ALK_TRY(const std::string worker, call.in.read_text());
  ALK_TRY(const std::uint32_t count, call.in.read_u32());
  ALK_TRY(const std::uint32_t seconds, call.in.read_u32());
  auto take = [=](Transaction& tables) {
    return claim(tables, queue, worker, count, act.now, visibility_of(seconds));
  };
  return noting_in(place, take, [](bus::Message& out, const std::vector<Job>& jobs) {
    std::vector<bus::Dictionary> list;
    for (const Job& job : jobs) list.push_back(facts_of(job));
    out.write_dictionaries(list);
  });
}

struct Held {
  Place place = Place::system();
  std::int64_t job = 0;
  std::string worker;
};

Result<Held> read_held(bus::Call& call) {
  Held held;
  ALK_TRY(held.place, read_place(call));
  ALK_TRY(held.job, read_job(call.in));
  ALK_TRY(held.worker, call.in.read_text());
  return held;
}

Result<Plan> plan_ack(bus::Call& call, const Act& act) {
  ALK_TRY(const Held held, read_held(call));
  return noting_in(
      held.place, [=](Transaction& tables) { return ack(tables, held.job, held.worker, act.now); },
      write_truth);
}

Result<Plan> plan_retry(bus::Call& call, const Act& act) {
  ALK_TRY(const Held held, read_held(call));
  ALK_TRY(const std::uint32_t delay, call.in.read_u32());
  ALK_TRY(const std::string error, call.in.read_text());
  auto again = [=](Transaction& tables) {
    return retry(tables, held.job, held.worker, act.now, delay, error);
  };
  return noting_in(held.place, again, write_truth);
}

Result<Plan> plan_fail(bus::Call& call, const Act& act) {
  ALK_TRY(const Held held, read_held(call));
  ALK_TRY(const std::string error, call.in.read_text());
  auto end = [=](Transaction& tables) { return fail_job(tables, held.job, held.worker, act.now, error); };
  return noting_in(held.place, end, write_truth);
}

Result<Plan> plan_extend(bus::Call& call, const Act& act) {
  ALK_TRY(const Held held, read_held(call));
  ALK_TRY(const std::uint32_t seconds, call.in.read_u32());
  auto extend = [=](Transaction& tables) {
    return heartbeat(tables, held.job, held.worker, act.now, visibility_of(seconds));
  };
  return noting_in(held.place, extend, write_truth);
}

Result<Plan> plan_cancel(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::int64_t job, read_job(call.in));
  return noting_in(
      place, [=](Transaction& tables) { return cancel(tables, job); }, write_truth);
}

Result<Plan> plan_list_queues(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string after, call.in.read_text());
  auto list = [=](Transaction& tables) { return list_queues(tables, after); };
  return reading_in(place, list, [](bus::Message& out, const std::vector<QueueCount>& queues) {
    std::vector<bus::Dictionary> entries;
    for (const auto& queue : queues)
      entries.push_back({{"queue", queue.queue},
                         {"pending", static_cast<std::uint64_t>(queue.pending)},
                         {"processing", static_cast<std::uint64_t>(queue.processing)},
                         {"dead", static_cast<std::uint64_t>(queue.dead)}});
    out.write_dictionaries(entries);
  });
}

void write_dead(bus::Message& out, const std::vector<DeadJob>& jobs) {
  std::vector<bus::Dictionary> entries;
  std::size_t size = 0;
  for (const auto& job : jobs) {
    size += job.payload.size();
    if (!entries.empty() && size > max_answer) break;
    entries.push_back({{"job", static_cast<std::uint64_t>(job.id)},
                       {"payload", job.payload},
                       {"attempts", static_cast<std::uint32_t>(job.attempts)},
                       {"error", job.last_error},
                       {"died_at", seconds_out(job.died_at)}});
  }
  out.write_dictionaries(entries);
}

Result<Plan> plan_list_dead(bus::Call& call, const Act&) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string queue, call.in.read_text());
  ALK_TRY(const std::int64_t after, read_job(call.in));
  ALK_TRY(const std::uint32_t limit, call.in.read_u32());
  // Not all that one answer may name: what does not fit into it would be read for nothing.
  const std::size_t count = std::clamp<std::size_t>(limit, 1, max_claim);
  auto list = [=](Transaction& tables) { return dead_jobs(tables, queue, after, count); };
  return reading_in(place, list, write_dead);
}

Result<Plan> plan_requeue(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::int64_t job, read_job(call.in));
  auto again = [=](Transaction& tables) -> Result<Nothing> {
    ALK_TRY(const bool there, revive(tables, job, act.now));
    if (!there) return fail(Kind::NotFound, "no such dead letter");
    return Nothing{};
  };
  return noting_in(place, again, write_nothing);
}

Result<Plan> plan_notify(bus::Call& call, const Act& act) {
  ALK_TRY(const Place place, read_place(call));
  ALK_TRY(const std::string channel, call.in.read_text());
  ALK_TRY(const std::string payload, call.in.read_text());
  if (channel.starts_with(own_channels))
    return fail(Kind::Invalid, "channel: those of queues are told by queues alone");
  return noting_in(
      place, [=](Transaction& tables) { return notify(tables, channel, payload, act.now); }, write_number);
}

void listen_to(StoreBus* self, bus::Call call) {
  auto place = read_place(call);
  auto channel = place ? call.in.read_text() : Result<std::string>(std::string());
  if (!place || !channel) return call.finish(pass(std::move(place ? channel.error() : place.error())));
  if (auto room = self->subscribers().admit(call.sender_uid()); !room) return call.finish(std::move(room));
  auto held = std::make_shared<bus::Call>(std::move(call));
  auto source = std::make_shared<std::unique_ptr<LineSource>>();
  auto work = [source, channel = *channel](Transaction& tables) -> Result<void> {
    ALK_TRY(*source, Channel::open(tables, channel));
    return {};
  };
  self->store().read(*place, work, [self, held, source, place = *place](Result<void> done) {
    if (!done) return held->finish(std::move(done));
    auto theirs = self->subscribers().add(held->sender_uid(), place, std::move(*source), AtEnd::Follow);
    if (!theirs) return held->finish(pass(std::move(theirs).error()));
    held->out.write_fd(theirs->get());
    held->finish({});
  });
}

} // namespace

Methods queue_methods(StoreBus* self) {
  const bus::Argument organization{"s", "organization"}, queue{"s", "queue"}, worker{"s", "worker"};
  const bus::Argument job{"t", "job"}, seconds{"u", "seconds"}, error{"s", "error"}, done{"b", "done"};
  return {
      StoreBus::method(self, "EnqueueJob", {organization, queue, {"s", "payload"}, {"a{sv}", "facts"}}, {job},
                       plan_enqueue),
      StoreBus::method(self, "ClaimJobs", {organization, queue, worker, {"u", "count"}, seconds},
                       {{"aa{sv}", "jobs"}}, plan_claim),
      StoreBus::method(self, "AckJob", {organization, job, worker}, {done}, plan_ack),
      StoreBus::method(self, "RetryJob", {organization, job, worker, {"u", "delay"}, error}, {done},
                       plan_retry),
      StoreBus::method(self, "FailJob", {organization, job, worker, error}, {done}, plan_fail),
      StoreBus::method(self, "ExtendJob", {organization, job, worker, seconds}, {done}, plan_extend),
      StoreBus::method(self, "CancelJob", {organization, job}, {done}, plan_cancel),
      StoreBus::method(self, "ListQueues", {organization, {"s", "after"}}, {{"aa{sv}", "queues"}},
                       plan_list_queues),
      StoreBus::method(self, "ListDeadJobs", {organization, queue, {"t", "after"}, {"u", "limit"}},
                       {{"aa{sv}", "jobs"}}, plan_list_dead),
      StoreBus::method(self, "RequeueDeadJob", {organization, job}, {}, plan_requeue),
      StoreBus::method(self, "Notify", {organization, {"s", "channel"}, {"s", "payload"}}, {{"t", "id"}},
                       plan_notify),
      {"Listen",
       {organization, {"s", "channel"}},
       {{"h", "notifications"}},
       bus::Method::Defer([self](bus::Call call) { listen_to(self, std::move(call)); })},
  };
}

} // namespace alk::stored
