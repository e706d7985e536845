// The verbs of alknetctl, one file each. They print to what they are given and answer the exit code.
#pragma once

#include "admin.hpp"

#include <cstdint>
#include <ostream>
#include <string>

namespace alk::alknetctl {

// Stable; scripts rely on them.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_not_running = 3;
inline constexpr int exit_denied = 4;

enum class Format { Text, Json };

struct Output {
  Format format = Format::Text;
  std::ostream& out;
  std::ostream& err;
  std::uint64_t now = 0; // Unix seconds
};

// `place` is for the commands that it advises.
int status(Admin& admin, const Place& place, const Output& output);
int status_of_absent(const Error& error, const Place& place, const Output& output);
int sessions(Admin& admin, const Output& output);
int disconnect(Admin& admin, std::uint64_t session, const Output& output);
int penalties(Admin& admin, const Output& output);
int clear_penalties(Admin& admin, const std::string& address, const Output& output); // "" = all
int reload(Admin& admin, const Output& output);
int explain(Admin& admin, const std::string& identity, const std::string& destination,
            const std::string& transport, const Output& output);
int policy(Admin& admin, const Output& output);
int limits(Admin& admin, const Output& output);
int metrics(Admin& admin, const Output& output);
int metrics_of_absent(const Error& error, const Output& output);
int check(const std::string& file, const Output& output); // offline

// Prints an error in the asked form (text on stderr, JSON on stdout) and answers its exit code.
int report(const Error& error, const Output& output);

} // namespace alk::alknetctl
