// alknet: the program of people without root. `connect` is a client, `serve` starts the daemons for a first
// try.
#include "completion/completion.hpp"
#include "usage/usage.hpp"
#include "verb.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace alk::alknet {

static Verb completion_verb(CLI::App& program) {
  auto shell = std::make_shared<std::string>();
  return {completion::add_verb(program, *shell), [shell, &program] {
            auto chosen = completion::find_shell(*shell);
            std::string text = chosen ? completion::script(program, *chosen) : "";
            return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? exit_failed : exit_ok;
          }};
}

static int run(int argc, char** argv) {
  CLI::App program("Self-hosted SSH tunnels over TCP and TLS", "alknet");
  program.set_version_flag("--version", "alknet " ALKNET_VERSION);
  program.require_subcommand(1);
  program.failure_message(usage::explain);

  std::vector<Verb> verbs;
  verbs.push_back(connect_verb(program));
  verbs.push_back(serve_verb(program));
  verbs.push_back(completion_verb(program));

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Zero for --help and --version; CLI11 prints the text itself.
    return program.exit(error) == 0 ? exit_ok : exit_usage;
  }
  for (const Verb& verb : verbs)
    if (verb.command->parsed()) return verb.run();
  return exit_usage;
}

} // namespace alk::alknet

int main(int argc, char** argv) {
  try {
    return alk::alknet::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return alk::alknet::exit_failed;
  }
}
