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

} // namespace alk::clients
