// Who may ask what. The bus policy file is the first gate; this table is the second: it decides on the
// sender's effective user id alone, as the bus daemon reports it, and denies what it does not list.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace alk::bus {

// Root may do everything. The service's own user counts as root: under `alknet serve` one user runs
// everything, and on a server nobody else runs under the service's user.
enum class Who {
  Root,
  Listend, // and alknet-listend's user
  Authd,   // and alknet-authd's user
  Stored,  // and alknet-stored's user
  Admin,   // and members of the group alknet-admin
  Reader,  // all of these, and who only looks at numbers: metrics_user
  Anyone,  // whom the bus policy lets through
};

// The member name under which a table lists who may read properties.
inline constexpr std::string_view read_properties = "org.freedesktop.DBus.Properties";

struct PolicyRule {
  std::string_view member; // method, or read_properties
  Who who;
  // For methods of Admin that change something: the polkit action that must be granted as well. Root and the
  // service's own user are not asked about.
  const char* action = nullptr;
};

// A constexpr array in the daemon's policy file.
using Policy = std::span<const PolicyRule>;

inline constexpr const char* listend_user = "alknet-listend";
inline constexpr const char* authd_user = "alknet-authd";
inline constexpr const char* stored_user = "alknet-stored";
inline constexpr const char* metrics_user = "alknet-metrics";
inline constexpr const char* admin_group = "alknet-admin";

// The accounts of this machine that the levels refer to. Tests make their own.
struct Accounts {
  std::uint32_t own_uid = 0;
  std::optional<std::uint32_t> listend_uid; // empty: no such user here
  std::function<bool(std::uint32_t uid)> is_admin;
  std::uint32_t root_uid = 0; // tests, which run as root, say otherwise
  std::optional<std::uint32_t> metrics_uid{};
  std::optional<std::uint32_t> authd_uid{};
  std::optional<std::uint32_t> stored_uid{};

  static Accounts of_this_machine();
};

// A member may have several rows: each lets somebody in.
bool allowed(Policy policy, std::string_view member, std::uint32_t uid, const Accounts& accounts);

// For a caller who is allowed: the action that polkit has to grant before the call counts, nullptr for none.
const char* action_to_grant(Policy policy, std::string_view member, std::uint32_t uid,
                            const Accounts& accounts);

} // namespace alk::bus
