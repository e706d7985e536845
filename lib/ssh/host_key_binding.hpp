// Inside the room: HostKey's libssh side.
#pragma once

#include "ssh/handles.hpp"
#include "ssh/host_key.hpp"

namespace alk::ssh {

struct HostKey::Binding {
  BindHandle bind;
};

} // namespace alk::ssh
