#include "daemon/options.hpp"

#include "config/config.hpp"

#include <optional>

namespace alk::daemon {

static std::optional<Options::Action> find_action(std::string_view argument) {
  if (argument == "--help" || argument == "-h") return Options::Action::Help;
  if (argument == "--version") return Options::Action::Version;
  if (argument == "--bus-introspect") return Options::Action::Introspect;
  return std::nullopt;
}

static std::string* find_value(Options& options, std::string_view name) {
  if (name == "--config") return &options.config;
  if (name == "--bus-address") return &options.bus_address;
  return nullptr;
}

Result<Options> parse_options(std::span<const char* const> arguments) {
  Options options;
  options.config = config::default_path;
  while (!arguments.empty()) {
    std::string_view argument = arguments.front();
    arguments = arguments.subspan(1);
    if (auto action = find_action(argument)) {
      options.action = *action;
      continue;
    }
    auto equals = argument.find('=');
    auto* value = find_value(options, argument.substr(0, equals));
    if (!value) return fail(Kind::Invalid, "unknown option: " + std::string(argument));
    value->clear();
    if (equals != std::string_view::npos) {
      *value = argument.substr(equals + 1);
    } else if (!arguments.empty()) {
      *value = arguments.front();
      arguments = arguments.subspan(1);
    }
    if (value->empty())
      return fail(Kind::Invalid, std::string(argument.substr(0, equals)) + " needs a value");
  }
  return options;
}

std::string help_text(std::string_view program) {
  return "usage: " + std::string(program) +
         " [OPTION]...\n"
         "  --config FILE          configuration (default " +
         config::default_path +
         ")\n"
         "  --bus-address ADDRESS  D-Bus address (default $ALKNET_BUS_ADDRESS, then the system bus)\n"
         "  --bus-introspect       print the bus interface as XML and exit\n"
         "  --version, --help\n";
}

} // namespace alk::daemon
