#include "clients/account_client.hpp"

#include "clients/destinations.hpp"

namespace alk::clients {

AccountClient::AccountClient(bus::Connection& connection) : connection_(connection) {
  watch_ = connection_.watch_name(store_daemon.name, [this](bool present) {
    if (on_present_) on_present_(present);
  });
  changed_ = connection_.match_signal(store_daemon, "Changed", [this](bus::Message& message) {
    auto revision = message.read_u64();
    if (revision && on_changed_) on_changed_(*revision);
  });
}

template <class T>
static void take(const bus::Dictionary& facts, const char* name, T& into) {
  if (auto* value = bus::find<T>(facts, name)) into = *value;
}

Result<AccountAnswer> read_account_answer(bus::Message& reply) {
  AccountAnswer answer;
  ALK_TRY(answer.accepted, reply.read_bool());
  ALK_TRY(answer.reason, reply.read_text());
  ALK_TRY(auto facts, reply.read_dictionary());
  ALK_TRY(answer.resources, reply.read_string_lists());
  ALK_TRY(answer.revision, reply.read_u64());
  take(facts, "account", answer.account);
  take(facts, "credential", answer.credential);
  take(facts, "line", answer.line);
  take(facts, "scopes", answer.scopes);
  if (auto* expires = bus::find<std::uint64_t>(facts, "expires")) answer.expires = *expires;
  if (answer.accepted && (answer.account.empty() || answer.credential.empty()))
    return fail(Kind::Broken, "org.alknet.Store1 accepts without saying whom");
  return answer;
}

void write_uses(bus::Message& call, const Uses& uses) {
  call.write_inside('a', "(st)", [&] {
    for (const auto& [id, when] : uses)
      call.write_inside('r', "st",
                        [&, &credential = id, &time = when] { call.write_text(credential).write_u64(time); });
  });
}

// The service is started for it when it can be: restart order never matters.
void AccountClient::authenticate(const std::string& kind, const std::string& value,
                                 std::chrono::milliseconds timeout, Answer<AccountAnswer> answer) {
  auto call = connection_.make_call(store_daemon, "Authenticate");
  if (call) call.write_text(kind).write_text(value);
  connection_.call(std::move(call), timeout, [answer = std::move(answer)](Result<bus::Message> reply) {
    if (reply)
      answer(read_account_answer(*reply));
    else
      answer(pass(std::move(reply).error()));
  });
}

void AccountClient::revision(std::chrono::milliseconds timeout, Answer<std::uint64_t> answer) {
  auto call = connection_.make_call(store_daemon, "GetRevision", bus::AutoStart::No);
  connection_.call(std::move(call), timeout, [answer = std::move(answer)](Result<bus::Message> reply) {
    if (reply)
      answer(reply->read_u64());
    else
      answer(pass(std::move(reply).error()));
  });
}

void AccountClient::mark_used(const Uses& uses, std::chrono::milliseconds timeout, Answer<void> answer) {
  auto call = connection_.make_call(store_daemon, "MarkUsed", bus::AutoStart::No);
  if (call) write_uses(call, uses);
  connection_.call(std::move(call), timeout, [answer = std::move(answer)](Result<bus::Message> reply) {
    if (reply)
      answer({});
    else
      answer(pass(std::move(reply).error()));
  });
}

} // namespace alk::clients
