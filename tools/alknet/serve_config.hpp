// The configuration files that `alknet serve` writes (alknet.toml(5)). Paths of the state directory are
// relative to it, so that it can be moved; paths from the command line are made absolute.
#pragma once

#include "serve_options.hpp"
#include "serve_state.hpp"

#include <string>
#include <string_view>

namespace alk::alknet {

// A TOML basic string with its quotes.
std::string toml_string(std::string_view text);

// alknet.toml of a new state directory: both listeners with their default addresses, the state directory's
// keys.
std::string embedded_config();

// What the flags change in it for this run: a drop-in; empty when they change nothing.
std::string override_config(const ServeOptions& options);

// The whole configuration for --transport and --listen; what no flag names comes from the state directory.
std::string command_line_config(const ServeOptions& options);

// Writes what this run needs and answers the path that the daemons get as --config.
Result<std::string> write_config(const ServeOptions& options, const StatePaths& paths);

} // namespace alk::alknet
