// Outbound credentials on org.alknet.Store1.
#include "alknet-stored/facts.hpp"
#include "alknet-stored/outbound_credentials.hpp"
#include "alknet-stored/policy.hpp"
#include "alknet-stored/store_bus.hpp"
#include "clients/secret_record.hpp"

namespace alk::stored {

namespace {

bus::Dictionary facts_of(const OutboundCredential& credential) {
  return {{"id", credential.id},
          {"name", credential.name},
          {"consumer", credential.consumer},
          {"key_version", credential.record.key_version},
          {"created_at", seconds_out(credential.created_at)},
          {"updated_at", seconds_out(credential.updated_at)}};
}

void write_facts(bus::Message& out, const OutboundCredential& credential) {
  out.write_dictionary(facts_of(credential));
}

Result<Plan> plan_put(bus::Call& call, const Act& act) {
  NewOutboundCredential given;
  ALK_TRY(given.name, call.in.read_text());
  ALK_TRY(given.consumer, call.in.read_text());
  ALK_TRY(given.record, clients::read_record<SealedRecord>(call.in));
  ALK_TRY(const bool replace, call.in.read_bool());
  return changing(
      [=](Transaction& tables) {
        return put_outbound_credential(tables, act, given, replace ? Replace::Yes : Replace::No);
      },
      write_facts);
}

// A consumer gets its own and no others.
Result<OutboundCredential> require_for(Transaction& tables, const std::string& name, bool any) {
  auto found = require_outbound_credential(tables, name);
  if (found && !any && found->consumer != bus::listend_user)
    return fail(Kind::Denied, "the credential is for another program");
  return found;
}

Result<Plan> plan_get(const StoreBus& self, bus::Call& call) {
  ALK_TRY(const std::string name, call.in.read_text());
  const bool any = bus::allowed(consumer_policy, anything, call.sender_uid(), self.accounts());
  return reading_row([=](Transaction& tables) { return require_for(tables, name, any); },
                     [](bus::Message& out, const OutboundCredential& found) {
                       out.write_text(found.consumer);
                       clients::write_record(out, found.record);
                     });
}

Result<Plan> plan_list(bus::Call&, const Act&) {
  return reading([](Transaction& tables) { return list_outbound_credentials(tables); },
                 [](bus::Message& out, const std::vector<OutboundCredential>& all) {
                   std::vector<bus::Dictionary> list;
                   for (const OutboundCredential& one : all) list.push_back(facts_of(one));
                   out.write_dictionaries(list);
                 });
}

Result<Plan> plan_remove(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string name, call.in.read_text());
  return changing([=](Transaction& tables) { return remove_outbound_credential(tables, act, name); },
                  write_facts);
}

} // namespace

Methods outbound_methods(StoreBus* self) {
  const bus::Argument name{"s", "name"}, consumer{"s", "consumer"}, record{clients::record_type, "record"};
  const bus::Argument credential{"a{sv}", "credential"};
  return {
      StoreBus::method(self, "PutCredential", {name, consumer, record, {"b", "replace"}}, {credential},
                       plan_put),
      StoreBus::method(self, "GetCredential", {name}, {consumer, record},
                       [self](bus::Call& call) { return plan_get(*self, call); }),
      StoreBus::method(self, "ListCredentials", {}, {{"aa{sv}", "credentials"}}, plan_list),
      StoreBus::method(self, "RemoveCredential", {name}, {credential}, plan_remove),
  };
}

} // namespace alk::stored
