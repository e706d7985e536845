// permitopen= of sshd(8): HOST:PORT, [IPV6]:PORT, * for every port. A host is compared literally, in normal
// form and without any pattern, except that * alone stands for every host, as in OpenSSH.
#pragma once

#include "config/target.hpp"

#include <string_view>

namespace alk::listend {

// A pattern that cannot be read permits nothing.
bool permits(std::string_view pattern, const config::Destination& to);

} // namespace alk::listend
