// Organisations and their members. Each has a database of its own (sql/engine.hpp), which outlives it until
// it is erased by a second request.
//
// A reference to an organisation is its id or its slug; to an account as in accounts.hpp. Errors: Invalid,
// NotFound, Conflict (name or slug taken), and those of the tables.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

struct Organization {
  std::string id;
  std::string name; // for people
  std::string slug; // for command lines
  std::string owner_id;
  std::string owner_email;
  UnixSeconds created_at = 0;
};

struct Member {
  std::string account_id;
  std::string email;
  std::string level; // owner, admin, member
  UnixSeconds since = 0;
};

// The owner is its first member.
Result<Organization> create_organization(Transaction& tables, const Act& act, const std::string& name,
                                         const std::string& slug, std::string_view owner);
Result<Organization> require_organization(Transaction& tables, std::string_view reference);
Result<std::vector<Organization>> list_organizations(Transaction& tables, std::string_view after_slug);
// The rows, with its memberships; the answer is what was deleted.
Result<Organization> delete_organization(Transaction& tables, const Act& act, std::string_view reference);
// A new owner, who becomes a member; the one before stays as an admin.
Result<Organization> transfer_organization(Transaction& tables, const Act& act, std::string_view reference,
                                           std::string_view owner);

// Adds, or changes the level (admin, member). Conflict: the owner stays the owner.
Result<void> set_member(Transaction& tables, const Act& act, std::string_view organization,
                        std::string_view account, const std::string& level);
Result<void> remove_member(Transaction& tables, const Act& act, std::string_view organization,
                           std::string_view account);
Result<std::vector<Member>> list_members(Transaction& tables, std::string_view organization,
                                         std::string_view after_email);

} // namespace alk::stored
