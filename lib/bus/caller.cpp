#include "bus/caller.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace alk::bus {

static constexpr std::size_t account_buffer =
    16384;                              // getpwnam_r(3) names no maximum; entries of ours are short
static constexpr int max_groups = 1024; // a user in more groups is not looked at further

static std::optional<std::uint32_t> find_user(const char* name) {
  std::vector<char> buffer(account_buffer);
  ::passwd entry{};
  ::passwd* found = nullptr;
  if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return std::nullopt;
  return found->pw_uid;
}

static bool is_member(std::uint32_t uid, const char* group_name) {
  std::vector<char> group_buffer(account_buffer), user_buffer(account_buffer);
  ::group group_entry{};
  ::group* group = nullptr;
  if (::getgrnam_r(group_name, &group_entry, group_buffer.data(), group_buffer.size(), &group) != 0 || !group)
    return false;
  ::passwd user_entry{};
  ::passwd* user = nullptr;
  if (::getpwuid_r(uid, &user_entry, user_buffer.data(), user_buffer.size(), &user) != 0 || !user)
    return false;
  std::array<gid_t, max_groups> groups;
  int count = max_groups;
  if (::getgrouplist(user->pw_name, user->pw_gid, groups.data(), &count) < 0) count = max_groups;
  return std::find(groups.begin(), groups.begin() + count, group->gr_gid) != groups.begin() + count;
}

Accounts Accounts::of_this_machine() {
  return {::geteuid(),
          find_user(listend_user),
          [](std::uint32_t uid) { return is_member(uid, admin_group); },
          0,
          find_user(metrics_user),
          find_user(authd_user),
          find_user(stored_user)};
}

static bool is_trusted(std::uint32_t uid, const Accounts& accounts) {
  return uid == accounts.root_uid || uid == accounts.own_uid;
}

static bool reaches(Who who, std::uint32_t uid, const Accounts& accounts) {
  if (is_trusted(uid, accounts)) return true;
  switch (who) {
  case Who::Root: return false;
  case Who::Listend: return accounts.listend_uid == uid;
  case Who::Authd: return accounts.authd_uid == uid;
  case Who::Stored: return accounts.stored_uid == uid;
  case Who::Admin: return accounts.is_admin && accounts.is_admin(uid);
  case Who::Reader:
    return accounts.listend_uid == uid || accounts.stored_uid == uid || accounts.metrics_uid == uid ||
           (accounts.is_admin && accounts.is_admin(uid));
  case Who::Anyone: return true;
  }
  return false;
}

bool allowed(Policy policy, std::string_view member, std::uint32_t uid, const Accounts& accounts) {
  return std::any_of(policy.begin(), policy.end(), [&](const PolicyRule& rule) {
    return rule.member == member && reaches(rule.who, uid, accounts);
  });
}

const char* action_to_grant(Policy policy, std::string_view member, std::uint32_t uid,
                            const Accounts& accounts) {
  if (is_trusted(uid, accounts)) return nullptr;
  for (const auto& rule : policy)
    if (rule.member == member) return rule.action;
  return nullptr;
}

} // namespace alk::bus
