#include "clients/event_client.hpp"

namespace alk::clients {

namespace {
constexpr bus::Destination events_daemon{"org.alknet.Store1", "/org/alknet/Store1", "org.alknet.Store1"};
} // namespace

Result<bus::Message> EventClient::ask(const char* member, const Fill& fill) {
  auto call = connection_.make_call(events_daemon, member, bus::AutoStart::Yes);
  if (call) fill(call);
  return connection_.call(std::move(call), store_deadline);
}

Result<Subscribed> EventClient::subscribe(const std::string& organization,
                                          const std::vector<std::string>& streams, const Entry& facts) {
  ALK_TRY(auto reply, ask("Subscribe", [&](bus::Message& call) {
            call.write_text(organization).write_texts(streams).write_dictionary(facts);
          }));
  Subscribed subscribed;
  ALK_TRY(subscribed.events, reply.read_fd());
  ALK_TRY(subscribed.position, reply.read_u64());
  return subscribed;
}

Result<Entries> EventClient::list_streams(const std::string& organization) {
  ALK_TRY(auto reply, ask("ListStreams", [&](bus::Message& call) { call.write_text(organization); }));
  return reply.read_dictionaries();
}

Result<Entry> EventClient::create_consumer(const std::string& organization, const std::string& consumer,
                                           const std::vector<std::string>& streams, const Entry& facts) {
  ALK_TRY(auto reply, ask("CreateConsumer", [&](bus::Message& call) {
            call.write_text(organization).write_text(consumer).write_texts(streams).write_dictionary(facts);
          }));
  return reply.read_dictionary();
}

Result<Entries> EventClient::list_consumers(const std::string& organization) {
  ALK_TRY(auto reply, ask("ListConsumers", [&](bus::Message& call) { call.write_text(organization); }));
  return reply.read_dictionaries();
}

Result<void> EventClient::delete_consumer(const std::string& organization, const std::string& consumer) {
  ALK_TRY_VOID(
      ask("DeleteConsumer", [&](bus::Message& call) { call.write_text(organization).write_text(consumer); }));
  return {};
}

Result<std::uint64_t> EventClient::acknowledge(const std::string& organization, const std::string& consumer,
                                               std::uint64_t position) {
  ALK_TRY(auto reply, ask("Acknowledge", [&](bus::Message& call) {
            call.write_text(organization).write_text(consumer).write_u64(position);
          }));
  return reply.read_u64();
}

Result<std::uint64_t> EventClient::prune_events(const std::string& organization, const Entry& facts) {
  std::uint64_t all = 0;
  for (;;) {
    ALK_TRY(auto reply, ask("PruneEvents", [&](bus::Message& call) {
              call.write_text(organization).write_dictionary(facts);
            }));
    ALK_TRY(const std::uint64_t removed, reply.read_u64());
    if (removed == 0) return all;
    all += removed;
  }
}

Result<Entries> EventClient::list_queues(const std::string& organization) {
  Entries all;
  std::string after;
  for (;;) {
    ALK_TRY(auto reply,
            ask("ListQueues", [&](bus::Message& call) { call.write_text(organization).write_text(after); }));
    ALK_TRY(Entries page, reply.read_dictionaries());
    if (page.empty()) return all;
    const auto* last = bus::find<std::string>(page.back(), "queue");
    if (last == nullptr || *last <= after) return fail(Kind::Broken, "a list that does not go on");
    after = *last;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

Result<Entries> EventClient::list_dead_jobs(const std::string& organization, const std::string& queue,
                                            std::uint64_t after, std::uint32_t limit) {
  ALK_TRY(auto reply, ask("ListDeadJobs", [&](bus::Message& call) {
            call.write_text(organization).write_text(queue).write_u64(after).write_u32(limit);
          }));
  return reply.read_dictionaries();
}

Result<void> EventClient::requeue_dead_job(const std::string& organization, std::uint64_t job) {
  ALK_TRY_VOID(
      ask("RequeueDeadJob", [&](bus::Message& call) { call.write_text(organization).write_u64(job); }));
  return {};
}

} // namespace alk::clients
