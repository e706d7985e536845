// Owners of libssh's objects. Only this room includes libssh; its public headers forward-declare what they
// must.
#pragma once

#include "base/handle.hpp"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

namespace alk::ssh {

using SessionHandle = Handle<ssh_session_struct, ssh_free>;
using BindHandle = Handle<ssh_bind_struct, ssh_bind_free>;
using EventHandle = Handle<ssh_event_struct, ssh_event_free>;
using KeyHandle = Handle<ssh_key_struct, ssh_key_free>;
using MessageHandle = Handle<ssh_message_struct, ssh_message_free>;

// Frees a char* that libssh allocated.
struct FreeString {
  void operator()(char* text) const noexcept { ssh_string_free_char(text); }
};
using OwnedText = std::unique_ptr<char, FreeString>;

} // namespace alk::ssh
