// What the program tells its user: plain lines on stderr.
#pragma once

#include "base/result.hpp"

#include <string_view>

namespace alk::alknet {

// "error: TEXT"; always returns 1, the exit code.
int say_error(std::string_view text);
int say_error(const Error& error);

void say_warning(std::string_view text); // "warning: TEXT"

} // namespace alk::alknet
