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

} // namespace alk::clients
