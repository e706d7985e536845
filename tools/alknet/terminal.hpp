// Questions to the person at the controlling terminal (/dev/tty), never through stdin or stdout.
#pragma once

#include "base/secret_bytes.hpp"
#include "loop/task.hpp"

#include <optional>
#include <string>

namespace alk::alknet {

// Whether somebody can be asked: stdin is a terminal and /dev/tty opens.
bool has_terminal();

// One line without echo. Blocks; for the time before the event loop runs. nullopt: no terminal, or ^C or ^D.
std::optional<SecretBytes> ask_secret(const std::string& prompt);

// One line with echo, trimmed; the loop goes on meanwhile. Empty when there is no terminal or the task is
// cancelled.
Task<std::string> ask_line(std::string prompt);

} // namespace alk::alknet
