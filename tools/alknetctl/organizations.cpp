// alknetctl org: organisations and their members.
#include "entries.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

namespace {

int print_organization(const Result<bus::Dictionary>& organization, const Output& output) {
  if (!organization) return report(organization.error(), output);
  if (output.format == Format::Json) {
    print_json(entry_json(*organization), output);
    return exit_ok;
  }
  for (const char* name : {"id", "slug", "name", "owner_email"})
    output.out << name << ": " << entry_cell(*organization, name) << '\n';
  return exit_ok;
}

int print_members(StoreClient& store, const std::string& organization, const Output& output) {
  auto members = store.list_members(organization);
  if (!members) return report(members.error(), output);
  if (output.format == Format::Json) {
    print_json({{"members", entries_json(*members)}}, output);
    return exit_ok;
  }
  Table table({"EMAIL", "LEVEL", "SINCE"});
  for (const auto& member : *members)
    table.add({entry_cell(member, "email"), entry_cell(member, "level"), entry_date(member, "since")});
  table.print(output.out);
  return exit_ok;
}

} // namespace

int org_add(StoreClient& store, const std::string& slug, const std::string& name, const std::string& owner,
            const Output& output) {
  return print_organization(store.create_organization(name.empty() ? slug : name, slug, owner), output);
}

int org_list(StoreClient& store, const Output& output) {
  auto organizations = store.list_organizations();
  if (!organizations) return report(organizations.error(), output);
  if (output.format == Format::Json) {
    print_json({{"organizations", entries_json(*organizations)}}, output);
    return exit_ok;
  }
  Table table({"SLUG", "NAME", "OWNER", "ID"});
  for (const auto& one : *organizations)
    table.add({entry_cell(one, "slug"), entry_cell(one, "name"), entry_cell(one, "owner_email"),
               entry_cell(one, "id")});
  table.print(output.out);
  return exit_ok;
}

int org_members(StoreClient& store, const std::string& organization, const Output& output) {
  return print_members(store, organization, output);
}

int org_set_member(StoreClient& store, const std::string& organization, const std::string& account,
                   const std::string& level, const Output& output) {
  auto done = store.set_member(organization, account, level);
  return done ? print_members(store, organization, output) : report(done.error(), output);
}

int org_remove_member(StoreClient& store, const std::string& organization, const std::string& account,
                      const Output& output) {
  auto done = store.remove_member(organization, account);
  return done ? print_members(store, organization, output) : report(done.error(), output);
}

int org_transfer(StoreClient& store, const std::string& organization, const std::string& owner,
                 const Output& output) {
  return print_organization(store.transfer_organization(organization, owner), output);
}

int org_delete(StoreClient& store, const std::string& organization, const Output& output) {
  auto id = store.delete_organization(organization);
  if (!id) return report(id.error(), output);
  if (output.format == Format::Json)
    print_json({{"deleted", *id}}, output);
  else
    output.out << "deleted; its graphs are kept until `alknetctl org erase " << cell(*id) << "`\n";
  return exit_ok;
}

int org_erase(StoreClient& store, const std::string& id, const Output& output) {
  auto erased = store.erase_organization(id);
  if (!erased) return report(erased.error(), output);
  if (output.format == Format::Json)
    print_json({{"erased", id}}, output);
  else
    output.out << "erased " << cell(id) << '\n';
  return exit_ok;
}

// For their graphs and events the bus knows organisations by their ids alone.
Result<std::string> organization_id(StoreClient& store, const std::string& reference) {
  if (reference.empty()) return std::string();
  ALK_TRY(const auto all, store.list_organizations());
  for (const auto& one : all) {
    const auto* id = bus::find<std::string>(one, "id");
    const auto* slug = bus::find<std::string>(one, "slug");
    if (id != nullptr && slug != nullptr && (*slug == reference || *id == reference)) return *id;
  }
  return fail(Kind::NotFound, "no such organisation");
}

} // namespace alk::alknetctl
