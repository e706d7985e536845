// A verb of the command line. Each one fills its subcommand and says what to run when it was chosen:
//   Verb connect_verb(CLI::App& program);   (connect_cli.cpp)
// The function it returns owns the parsed options. CLI11 is seen by main.cpp and the *_cli.cpp files alone.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace alk::alknet {

// Exit codes of every verb: 0 ended by a signal, 1 failed (text on stderr behind "error: "), 2 bad command
// line.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

struct Verb {
  CLI::App* command = nullptr;
  std::function<int()> run;
};

Verb connect_verb(CLI::App& program);
Verb serve_verb(CLI::App& program);

} // namespace alk::alknet
