#include "alknet-stored/organizations.hpp"

#include "alknet-stored/accounts.hpp"
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/json.hpp"
#include "alknet-stored/record.hpp"

namespace alk::stored {

namespace {

constexpr const char* name_taken = "an organisation with this name or slug exists";

#define ALK_ORGANIZATION                                                                                     \
  "SELECT o.id, o.name, o.slug, o.owner_id, a.email, o.created_at FROM organizations AS o "                  \
  "JOIN accounts AS a ON a.id = o.owner_id "

Organization read_organization(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.integer(5)};
}

Result<void> tell(Transaction& tables, const Act& act, const Organization& organization, const char* topic,
                  const char* action, const Account* account = nullptr, const std::string& level = {}) {
  JsonObject facts;
  facts.add("org_id", organization.id).add("name", organization.name).add("slug", organization.slug);
  if (account != nullptr) facts.add("account_id", account->id).add("level", level);
  Change change{topic, organization.id, {}, {}};
  change.audit.action = action;
  change.audit.org_id = organization.id;
  change.audit.owner_id = account != nullptr ? account->id : organization.owner_id;
  change.audit.details = facts.text();
  change.payload = facts.add("actor", act.actor).add("request", act.request).text();
  return record(tables, act, change);
}

Result<void> put_member(Transaction& tables, const Act& act, const std::string& organization,
                        const std::string& account, std::string_view level) {
  ALK_TRY_VOID(tables.execute(
      "INSERT INTO organization_members (id, org_id, account_id, membership_level, created_at, updated_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (org_id, account_id) DO UPDATE SET "
      "membership_level = excluded.membership_level, updated_at = excluded.updated_at",
      {make_uuid(act), organization, account, level, act.now}));
  return derive_membership(tables, act, organization, account);
}

} // namespace

Result<Organization> create_organization(Transaction& tables, const Act& act, const std::string& name,
                                         const std::string& slug, std::string_view owner) {
  if (name.empty()) return fail(Kind::Invalid, "an organisation needs a name");
  ALK_TRY_VOID(check_name(name));
  ALK_TRY_VOID(check_slug(slug));
  ALK_TRY(const Account account, require_account(tables, owner));
  const Organization made{make_uuid(act), name, slug, account.id, account.email, act.now};
  ALK_TRY_VOID(conflict_as(
      tables.execute("INSERT INTO organizations (id, name, slug, owner_id, created_at, updated_at) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                     {made.id, name, slug, account.id, act.now}),
      name_taken));
  ALK_TRY_VOID(put_member(tables, act, made.id, account.id, "owner"));
  ALK_TRY_VOID(tell(tables, act, made, "organizations:created", "organization.created"));
  return made;
}

Result<Organization> require_organization(Transaction& tables, std::string_view reference) {
  ALK_TRY(auto row, tables.find(ALK_ORGANIZATION "WHERE o.id = ?1 OR o.slug = ?1", {reference}));
  if (!row) return fail(Kind::NotFound, "no such organisation");
  return read_organization(*row);
}

Result<std::vector<Organization>> list_organizations(Transaction& tables, std::string_view after_slug) {
  ALK_TRY(Rows rows, tables.query(ALK_ORGANIZATION "WHERE o.slug > ?1 ORDER BY o.slug LIMIT ?2",
                                  {after_slug, max_page}));
  std::vector<Organization> organizations;
  for (const Row& row : rows) organizations.push_back(read_organization(row));
  return organizations;
}

Result<Organization> delete_organization(Transaction& tables, const Act& act, std::string_view reference) {
  ALK_TRY(const Organization organization, require_organization(tables, reference));
  ALK_TRY_VOID(tables.execute("DELETE FROM organizations WHERE id = ?1", {organization.id}));
  ALK_TRY_VOID(forget_principal(tables, act, organization_key(organization.id)));
  ALK_TRY_VOID(tell(tables, act, organization, "organizations:deleted", "organization.deleted"));
  return organization;
}

Result<Organization> transfer_organization(Transaction& tables, const Act& act, std::string_view reference,
                                           std::string_view owner) {
  ALK_TRY(Organization organization, require_organization(tables, reference));
  ALK_TRY(const Account account, require_account(tables, owner));
  if (account.id == organization.owner_id) return organization;
  ALK_TRY_VOID(tables.execute("UPDATE organizations SET owner_id = ?2, updated_at = ?3 WHERE id = ?1",
                              {organization.id, account.id, act.now}));
  ALK_TRY_VOID(put_member(tables, act, organization.id, organization.owner_id, "admin"));
  ALK_TRY_VOID(put_member(tables, act, organization.id, account.id, "owner"));
  organization.owner_id = account.id;
  organization.owner_email = account.email;
  ALK_TRY_VOID(
      tell(tables, act, organization, "members:updated", "organization.transferred", &account, "owner"));
  return organization;
}

Result<void> set_member(Transaction& tables, const Act& act, std::string_view organization,
                        std::string_view account, const std::string& level) {
  ALK_TRY_VOID(check_word(level, member_levels, "the level of a member"));
  ALK_TRY(const Organization group, require_organization(tables, organization));
  ALK_TRY(const Account person, require_account(tables, account));
  if (person.id == group.owner_id) return fail(Kind::Conflict, "the account owns the organisation");
  ALK_TRY_VOID(put_member(tables, act, group.id, person.id, level));
  return tell(tables, act, group, "members:updated", "member.set", &person, level);
}

Result<void> remove_member(Transaction& tables, const Act& act, std::string_view organization,
                           std::string_view account) {
  ALK_TRY(const Organization group, require_organization(tables, organization));
  ALK_TRY(const Account person, require_account(tables, account));
  if (person.id == group.owner_id) return fail(Kind::Conflict, "the account owns the organisation");
  ALK_TRY(const std::uint64_t removed,
          tables.execute("DELETE FROM organization_members WHERE org_id = ?1 AND account_id = ?2",
                         {group.id, person.id}));
  if (removed == 0) return fail(Kind::NotFound, "the account is no member");
  ALK_TRY_VOID(derive_membership(tables, act, group.id, person.id));
  return tell(tables, act, group, "members:deleted", "member.removed", &person);
}

Result<std::vector<Member>> list_members(Transaction& tables, std::string_view organization,
                                         std::string_view after_email) {
  ALK_TRY(const Organization group, require_organization(tables, organization));
  ALK_TRY(Rows rows, tables.query("SELECT a.id, a.email, m.membership_level, m.created_at "
                                  "FROM organization_members AS m JOIN accounts AS a ON a.id = m.account_id "
                                  "WHERE m.org_id = ?1 AND a.email > ?2 ORDER BY a.email LIMIT ?3",
                                  {group.id, after_email, max_page}));
  std::vector<Member> members;
  for (const Row& row : rows) members.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
  return members;
}

#undef ALK_ORGANIZATION

} // namespace alk::stored
