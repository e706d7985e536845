// Organisations and their members on org.alknet.Store1.
#include "alknet-stored/facts.hpp"
#include "alknet-stored/organizations.hpp"
#include "alknet-stored/store_bus.hpp"
#include "log/log.hpp"

namespace alk::stored {

namespace {

bus::Dictionary facts_of(const Organization& organization) {
  return {{"id", organization.id},
          {"name", organization.name},
          {"slug", organization.slug},
          {"owner_id", organization.owner_id},
          {"owner_email", organization.owner_email},
          {"created_at", seconds_out(organization.created_at)}};
}

void write_organization(bus::Message& out, const Organization& organization) {
  out.write_dictionary(facts_of(organization));
}

Result<Plan> plan_create(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string name, call.in.read_text());
  ALK_TRY(const std::string slug, call.in.read_text());
  ALK_TRY(const std::string owner, call.in.read_text());
  return changing([=](Transaction& tables) { return create_organization(tables, act, name, slug, owner); },
                  write_organization);
}

Result<Plan> plan_list(bus::Call& call, const Act&) {
  ALK_TRY(const std::string after, call.in.read_text());
  return reading([=](Transaction& tables) { return list_organizations(tables, after); },
                 [](bus::Message& out, const std::vector<Organization>& organizations) {
                   std::vector<bus::Dictionary> list;
                   for (const Organization& one : organizations) list.push_back(facts_of(one));
                   out.write_dictionaries(list);
                 });
}

Result<Plan> plan_transfer(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  ALK_TRY(const std::string owner, call.in.read_text());
  return changing([=](Transaction& tables) { return transfer_organization(tables, act, reference, owner); },
                  write_organization);
}

// Its rows are gone when the answer comes; its database follows. Should that fail, erasing still finds it.
Result<Plan> plan_delete(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const std::string reference, call.in.read_text());
  return changing([=](Transaction& tables) { return delete_organization(tables, act, reference); },
                  [self](bus::Message& out, const Organization& deleted) {
                    out.write_text(deleted.id);
                    auto place = Place::tenant(deleted.id);
                    if (!place) return;
                    self->store().retire(std::move(*place), [](Result<void> retired) {
                      if (!retired && retired.error().kind != Kind::NotFound)
                        log::error(retired.error().describe());
                    });
                  });
}

Result<Plan> plan_set_member(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string organization, call.in.read_text());
  ALK_TRY(const std::string account, call.in.read_text());
  ALK_TRY(const std::string level, call.in.read_text());
  return changing(
      [=](Transaction& tables) {
        return nothing_from(set_member(tables, act, organization, account, level));
      },
      write_nothing);
}

Result<Plan> plan_remove_member(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string organization, call.in.read_text());
  ALK_TRY(const std::string account, call.in.read_text());
  return changing(
      [=](Transaction& tables) { return nothing_from(remove_member(tables, act, organization, account)); },
      write_nothing);
}

Result<Plan> plan_list_members(bus::Call& call, const Act&) {
  ALK_TRY(const std::string organization, call.in.read_text());
  ALK_TRY(const std::string after, call.in.read_text());
  return reading([=](Transaction& tables) { return list_members(tables, organization, after); },
                 [](bus::Message& out, const std::vector<Member>& members) {
                   std::vector<bus::Dictionary> list;
                   for (const Member& one : members)
                     list.push_back({{"account_id", one.account_id},
                                     {"email", one.email},
                                     {"level", one.level},
                                     {"since", seconds_out(one.since)}});
                   out.write_dictionaries(list);
                 });
}

// An organisation that still exists is not erased. The log is written first: that somebody wanted it counts.
void erase(StoreBus* self, bus::Call call) {
  auto id = call.in.read_text();
  auto place = id ? Place::tenant(*id) : Result<Place>(tl::unexpected<Error>(id.error()));
  if (!place) return call.finish(pass(std::move(place).error()));
  auto held = std::make_shared<bus::Call>(std::move(call));
  auto work = [act = self->act(*held), id = place->id()](Transaction& tables) -> Result<void> {
    auto found = require_organization(tables, id);
    if (found) return fail(Kind::Conflict, "the organisation exists: delete it first");
    if (found.error().kind != Kind::NotFound) return pass(std::move(found).error());
    AuditEntry entry;
    entry.action = "organization.erased";
    entry.org_id = id;
    ALK_TRY_VOID(append_audit(tables, act, entry));
    return {};
  };
  self->store().write(Place::system(), work, [self, held, place = *place](Result<void> noted) {
    if (!noted) return held->finish(std::move(noted));
    self->store().erase(place, [held](Result<void> erased) { held->finish(std::move(erased)); });
  });
}

} // namespace

Methods organization_methods(StoreBus* self) {
  auto plan_delete_here = [self](bus::Call& call, const Act& act) { return plan_delete(self, call, act); };
  auto erase_here = [self](bus::Call call) { erase(self, std::move(call)); };
  return {
      StoreBus::method(self, "CreateOrganization", {{"s", "name"}, {"s", "slug"}, {"s", "owner"}},
                       {{"a{sv}", "organization"}}, plan_create),
      StoreBus::method(self, "ListOrganizations", {{"s", "after"}}, {{"aa{sv}", "organizations"}}, plan_list),
      StoreBus::method(self, "TransferOrganization", {{"s", "organization"}, {"s", "owner"}},
                       {{"a{sv}", "organization"}}, plan_transfer),
      StoreBus::method(self, "DeleteOrganization", {{"s", "organization"}}, {{"s", "id"}}, plan_delete_here),
      {"EraseOrganization", {{"s", "id"}}, {}, bus::Method::Defer(erase_here)},
      StoreBus::method(self, "SetMember", {{"s", "organization"}, {"s", "account"}, {"s", "level"}}, {},
                       plan_set_member),
      StoreBus::method(self, "RemoveMember", {{"s", "organization"}, {"s", "account"}}, {},
                       plan_remove_member),
      StoreBus::method(self, "ListMembers", {{"s", "organization"}, {"s", "after"}}, {{"aa{sv}", "members"}},
                       plan_list_members),
  };
}

} // namespace alk::stored
