// What logs in to the proxy; the credential's name says for which configuration it is good.
#pragma once

#include "base/locked_secret.hpp"

#include <memory>
#include <string>

namespace alk::listend {

struct ProxyPassword {
  std::string credential;
  LockedSecret secret;
};

// nullptr: there is none. The last loop that lets go of one wipes it.
using ProxyPasswordPtr = std::shared_ptr<const ProxyPassword>;

} // namespace alk::listend
