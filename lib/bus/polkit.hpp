// The question to polkit whether a caller may do something, for this room alone: objects ask it for the rules
// of their table that name an action (caller.hpp).
#pragma once

#include "bus/connection_impl.hpp"

namespace alk::bus {

// Without a person in the loop polkit answers within milliseconds.
inline constexpr std::chrono::milliseconds polkit_deadline{5000};
// A caller that allows it (ALLOW_INTERACTIVE_AUTHORIZATION) may be asked for a password meanwhile.
inline constexpr std::chrono::milliseconds polkit_interactive_deadline{60000};
// Questions of one object that are under way: they share the connection's places with logins.
inline constexpr std::size_t max_polkit_questions = 8;

// Whether the sender of `message` is granted `action` (org.freedesktop.PolicyKit1.Authority,
// CheckAuthorization). `answer` is posted once: nothing, or Denied, also when polkit is not there or does not
// answer in time.
void ask_polkit(Connection::Impl& connection, const Message& message, const char* action,
                std::function<void(Result<void>)> answer);

} // namespace alk::bus
