// What a program says of a command line that it does not understand. Used by the command line files of the
// tools alone, which are the ones that know CLI11.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace alk::usage {

// Two lines: what is wrong, in the words of who typed it ("no such verb: lst"), and the --help of the verb
// that was reached. To be given to CLI::App::failure_message.
std::string explain(const CLI::App* program, const CLI::Error& error);

} // namespace alk::usage
