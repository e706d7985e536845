// What `alknet serve` tells people and scripts on stdout.
#pragma once

#include "serve_setup.hpp"

#include <string>
#include <vector>

namespace alk::alknet {

// "ready tls=127.0.0.1:8443 ssh=127.0.0.1:8022"
std::string ready_line(const std::vector<OpenListener>& listeners);

// Command lines to use it with, for a terminal. `program`: how this program was called. `has_client_key`:
// whether client_ed25519 is there.
enum class ClientKey { Present, Absent };
std::vector<std::string> connect_hints(const std::vector<OpenListener>& listeners, const StatePaths& paths,
                                       const std::string& program, ClientKey key);

// One word of a POSIX shell.
std::string shell_word(const std::string& text);

} // namespace alk::alknet
