// Completion for shells, generated from the parser itself: what the program accepts is what the shell offers.
// Used by the command line files of the tools alone, which are the ones that know CLI11.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace alk::completion {

enum class Shell { Bash, Zsh, Fish };
std::optional<Shell> find_shell(std::string_view name); // "bash", "zsh", "fish"

// The script for the program, whose name is that of `program`. Hidden verbs and flags (empty group) are left
// out.
std::string script(const CLI::App& program, Shell shell);

// Adds the hidden verb `completion SHELL`, which fills `shell`.
CLI::App* add_verb(CLI::App& program, std::string& shell);

} // namespace alk::completion
