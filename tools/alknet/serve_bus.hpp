// The configuration of the private bus: the policy files of the packages (contracts/dbus, embedded), adapted
// to the one user that all daemons run as here, under the same baseline as the system bus.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alk::alknet {

struct PolicyFile {
  std::string_view name; // "org.alknet.Auth1.conf"
  std::string_view text;
};

// Embedded at build time (policy_files.cpp is generated from contracts/dbus).
const std::vector<PolicyFile>& policy_files();

// Every <policy user="NAME"> and <policy group="NAME"> becomes <policy user="UID">; all else stays, byte for
// byte. Errors: Invalid, when no such element is found: a policy that names nobody would lock everybody out.
Result<std::string> adapt_policy(std::string_view text, ::uid_t user);

// One listening address, EXTERNAL authentication, one user, and every file in `policy_directory`.
std::string bus_config(std::string_view address, std::string_view policy_directory, ::uid_t user);

} // namespace alk::alknet
