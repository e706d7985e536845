#include "clients/credential_client.hpp"

#include "clients/destinations.hpp"
#include "clients/hop.hpp"

namespace alk::clients {

CredentialClient::CredentialClient(bus::Connection& connection) : connection_(connection) {
  watch_ = connection_.watch_name(store_daemon.name, [this](bool present) {
    if (present && on_changed_) on_changed_();
  });
  changed_ = connection_.match_signal(store_daemon, "Changed", [this](bus::Message&) {
    if (on_changed_) on_changed_();
  });
}

static Result<EncryptedRecord> read_credential(Result<bus::Message> reply) {
  if (!reply) return pass(std::move(reply).error());
  ALK_TRY_VOID(
      reply->read_text().map([](const std::string&) {})); // the consumer, which the service has judged
  return read_record<EncryptedRecord>(*reply);
}

Task<Result<EncryptedRecord>> CredentialClient::credential(std::string name) {
  std::function<void(Done<EncryptedRecord>)> start = [this,
                                                      name = std::move(name)](Done<EncryptedRecord> done) {
    auto call = connection_.make_call(store_daemon, "GetCredential", bus::AutoStart::Yes);
    if (call) call.write_text(name);
    connection_.call(std::move(call), credential_deadline,
                     [done](Result<bus::Message> reply) { done(read_credential(std::move(reply))); });
  };
  return on_bus<EncryptedRecord>(connection_.loop(), std::move(start));
}

} // namespace alk::clients
