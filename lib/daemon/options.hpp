// The command line that all daemons share.
#pragma once

#include "base/result.hpp"

#include <span>
#include <string>

namespace alk::daemon {

struct Options {
  std::string config;      // --config FILE; config::default_path
  std::string bus_address; // --bus-address ADDRESS; empty: bus::choose_address()
  enum class Action { Run, Help, Version, Introspect } action = Action::Run;
};

// `arguments` without the program's name. Invalid with a sentence for people.
Result<Options> parse_options(std::span<const char* const> arguments);

std::string help_text(std::string_view program);

} // namespace alk::daemon
