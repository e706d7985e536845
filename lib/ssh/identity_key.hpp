// Inside the room: Identity's libssh side.
#pragma once

#include "ssh/handles.hpp"
#include "ssh/identity.hpp"

namespace alk::ssh {

struct Identity::Key {
  KeyHandle private_key;
};

} // namespace alk::ssh
