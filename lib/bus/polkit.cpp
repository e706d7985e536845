#include "bus/polkit.hpp"

#include "log/log.hpp"

namespace alk::bus {

static constexpr Destination authority{"org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                                       "org.freedesktop.PolicyKit1.Authority"};
static constexpr std::uint32_t allow_user_interaction = 1; // CheckAuthorizationFlags

// ((sa{sv}) subject, s action, a{ss} details, u flags, s cancellation_id)
static void write_question(Message& call, std::string_view sender, const char* action, bool interactive) {
  call.write_inside('r', "sa{sv}", [&] {
    call.write_text("system-bus-name").write_dictionary({{"name", std::string(sender)}});
  });
  call.write_text(action);
  call.write_inside('a', "{ss}", [] {});
  call.write_u32(interactive ? allow_user_interaction : 0).write_text("");
}

// (b is_authorized, b is_challenge, a{ss} details)
static Result<bool> read_verdict(Message& reply) {
  bool granted = false;
  ALK_TRY_VOID(reply.read_inside('r', "bba{ss}", [&]() -> Result<void> {
    ALK_TRY(granted, reply.read_bool());
    return reply.skip("ba{ss}");
  }));
  return granted;
}

static Result<void> judge(Result<Message> reply, const std::string& action) {
  auto granted = reply ? read_verdict(*reply) : Result<bool>(pass(std::move(reply).error()));
  if (!granted) {
    log::warning("polkit did not answer about " + action + ": " + granted.error().describe());
    return fail(Kind::Denied, "polkit does not answer: only root may do this");
  }
  if (*granted) return {};
  log::write(log::Level::Info, log::event::bus_call_refused, {{"action", action}});
  return fail(Kind::Denied, "polkit does not grant " + action + " to this user");
}

void ask_polkit(Connection::Impl& connection, const Message& message, const char* action,
                std::function<void(Result<void>)> answer) {
  const bool interactive = ::sd_bus_message_get_allow_interactive_authorization(message.raw()) > 0;
  auto call = make_call(connection.bus.get(), authority, "CheckAuthorization");
  if (call) write_question(call, message.sender(), action, interactive);
  connection.call(std::move(call), interactive ? polkit_interactive_deadline : polkit_deadline,
                  [answer = std::move(answer), action = std::string(action)](Result<Message> reply) {
                    answer(judge(std::move(reply), action));
                  });
}

} // namespace alk::bus
