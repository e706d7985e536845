// The access control graph on org.alknet.Store1.
#include "alknet-stored/facts.hpp"
#include "alknet-stored/graph/acl_admin.hpp"
#include "alknet-stored/identity_rules.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

constexpr std::size_t max_resources = 1000; // as the schema of principals has it

bus::StringLists lists_of(const ResourceMap& resources) {
  bus::StringLists lists;
  for (const auto& [key, actions] : resources) lists[key] = {actions.begin(), actions.end()};
  return lists;
}

void write_grants(bus::Message& out, const Grants& grants) {
  out.write_texts(std::vector<std::string>(grants.scopes.begin(), grants.scopes.end()));
  out.write_string_lists(lists_of(grants.resources));
}

// Scopes and resources, at least one of them.
Result<Grants> read_grants(bus::Message& in) {
  ALK_TRY(const auto scopes, in.read_texts(max_resources));
  ALK_TRY_VOID(check_scopes(scopes));
  ALK_TRY(const bus::StringLists lists, in.read_string_lists(max_resources));
  Grants grants;
  grants.scopes = {scopes.begin(), scopes.end()};
  for (const auto& [key, actions] : lists) {
    if (actions.empty()) return fail(Kind::Invalid, "a resource without an action");
    grants.resources[key] = {actions.begin(), actions.end()};
  }
  return grants;
}

using ChangeGrants = Result<Grants> (*)(Transaction&, const Act&, SchemaCache&, std::string_view,
                                        const Grants&);

Result<Plan> plan_change(StoreBus* self, ChangeGrants change, bus::Call& call, const Act& act) {
  ALK_TRY(const std::string principal, call.in.read_text());
  ALK_TRY(const Grants grants, read_grants(call.in));
  if (grants == Grants()) return fail(Kind::Invalid, "neither a scope nor a resource");
  return changing([=, schemas = self->schemas()](
                      Transaction& tables) { return change(tables, act, *schemas, principal, grants); },
                  write_grants);
}

void write_edge(bus::Message& out, const Edge& edge) {
  out.write_text(edge.id);
}

Result<Plan> plan_delegate(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const std::string from, call.in.read_text());
  ALK_TRY(const std::string to, call.in.read_text());
  Delegation part;
  ALK_TRY(part.narrowed, read_grants(call.in));
  ALK_TRY(part.further, call.in.read_bool());
  return changing([=, schemas = self->schemas()](
                      Transaction& tables) { return delegate_access(tables, act, *schemas, from, to, part); },
                  write_edge);
}

Result<Plan> plan_join(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const std::string principal, call.in.read_text());
  ALK_TRY(const std::string role, call.in.read_text());
  return changing([=, schemas = self->schemas()](
                      Transaction& tables) { return join_role(tables, act, *schemas, principal, role); },
                  write_edge);
}

Result<Plan> plan_unlink(StoreBus* self, bus::Call& call, const Act& act) {
  ALK_TRY(const std::string from, call.in.read_text());
  ALK_TRY(const std::string to, call.in.read_text());
  return changing(
      [=, schemas = self->schemas()](Transaction& tables) {
        return nothing_from(unlink_access(tables, act, *schemas, from, to));
      },
      write_nothing);
}

Result<AccessSpec> read_spec(bus::Message& in) {
  ALK_TRY(const bus::Dictionary given, in.read_dictionary());
  ALK_TRY_VOID(check_facts(
      given, {"required_scopes", "required_scopes_any", "resource_type", "resource_id", "resource_action"}));
  AccessSpec spec;
  ALK_TRY(const auto all, fact<std::vector<std::string>>(given, "required_scopes"));
  ALK_TRY(const auto any, fact<std::vector<std::string>>(given, "required_scopes_any"));
  spec.required_scopes = all.value_or(std::vector<std::string>());
  spec.required_scopes_any = any.value_or(std::vector<std::string>());
  ALK_TRY_VOID(check_scopes(spec.required_scopes));
  ALK_TRY_VOID(check_scopes(spec.required_scopes_any));
  ALK_TRY(spec.resource_type, fact<std::string>(given, "resource_type"));
  ALK_TRY(spec.resource_id, fact<std::string>(given, "resource_id"));
  ALK_TRY(spec.resource_action, fact<std::string>(given, "resource_action"));
  return spec;
}

Result<Plan> plan_check(bus::Call& call, const Act&) {
  ALK_TRY(const std::string principal, call.in.read_text());
  ALK_TRY(const AccessSpec spec, read_spec(call.in));
  return reading(
      [=](Transaction& tables) -> Result<bool> {
        ALK_TRY(const std::string key, principal_key(tables, principal));
        return check_access(tables, key, spec);
      },
      [](bus::Message& out, bool granted) { out.write_bool(granted); });
}

bus::Dictionary facts_of(const AclFinding& finding) {
  std::vector<std::string> path;
  for (const AclEdge& edge : finding.path) path.push_back(edge_text(edge));
  bus::Dictionary facts = {{"asked", finding.asked}, {"granted", finding.granted}, {"path", path}};
  if (!finding.holder.empty()) facts["holder"] = finding.holder;
  if (!finding.inactive.empty()) facts["inactive"] = finding.inactive;
  if (finding.cut) facts["cut"] = edge_text(*finding.cut);
  return facts;
}

Result<Plan> plan_explain(bus::Call& call, const Act&) {
  ALK_TRY(const std::string principal, call.in.read_text());
  ALK_TRY(const AccessSpec spec, read_spec(call.in));
  return reading(
      [=](Transaction& tables) -> Result<AclExplanation> {
        ALK_TRY(const std::string key, principal_key(tables, principal));
        return explain_access(tables, key, spec);
      },
      [](bus::Message& out, const AclExplanation& explanation) {
        std::vector<bus::Dictionary> findings;
        for (const AclFinding& finding : explanation.findings) findings.push_back(facts_of(finding));
        out.write_bool(explanation.granted).write_dictionaries(findings);
      });
}

Result<Plan> plan_get(bus::Call& call, const Act&) {
  ALK_TRY(const std::string principal, call.in.read_text());
  return reading(
      [=](Transaction& tables) -> Result<Grants> {
        ALK_TRY(const std::string key, principal_key(tables, principal));
        return effective_grants(tables, key);
      },
      write_grants);
}

bus::Dictionary facts_of(const PrincipalView& view) {
  std::vector<std::string> resources, edges;
  for (const auto& [key, actions] : view.own.resources)
    for (const auto& action : actions) resources.push_back(key + ' ' + action);
  for (const AclEdge& edge : view.edges) edges.push_back(edge_text(edge));
  return {{"principal", view.key},
          {"name", view.name},
          {"active", view.active},
          {"scopes", std::vector<std::string>(view.own.scopes.begin(), view.own.scopes.end())},
          {"resources", resources},
          {"edges", edges}};
}

Result<Plan> plan_list(bus::Call& call, const Act&) {
  ALK_TRY(const std::string after, call.in.read_text());
  return reading([=](Transaction& tables) { return list_principals(tables, after); },
                 [](bus::Message& out, const std::vector<PrincipalView>& views) {
                   std::vector<bus::Dictionary> list;
                   for (const PrincipalView& view : views) list.push_back(facts_of(view));
                   out.write_dictionaries(list);
                 });
}

} // namespace

Methods acl_methods(StoreBus* self) {
  auto change = [self](ChangeGrants to) {
    return [self, to](bus::Call& call, const Act& act) { return plan_change(self, to, call, act); };
  };
  using Maker = Result<Plan> (*)(StoreBus*, bus::Call&, const Act&);
  auto with_self = [self](Maker make) {
    return [self, make](bus::Call& call, const Act& act) { return make(self, call, act); };
  };
  const std::vector<bus::Argument> grants = {{"s", "principal"}, {"as", "scopes"}, {"a{sas}", "resources"}};
  const std::vector<bus::Argument> had = {{"as", "scopes"}, {"a{sas}", "resources"}};
  return {
      StoreBus::method(self, "GrantAccess", grants, had, change(&grant_access)),
      StoreBus::method(self, "RevokeAccess", grants, had, change(&revoke_access)),
      StoreBus::method(
          self, "DelegateAccess",
          {{"s", "from"}, {"s", "to"}, {"as", "scopes"}, {"a{sas}", "resources"}, {"b", "further"}},
          {{"s", "edge"}}, with_self(plan_delegate)),
      StoreBus::method(self, "JoinRole", {{"s", "principal"}, {"s", "role"}}, {{"s", "edge"}},
                       with_self(plan_join)),
      StoreBus::method(self, "UnlinkAccess", {{"s", "from"}, {"s", "to"}}, {}, with_self(plan_unlink)),
      StoreBus::method(self, "CheckAccess", {{"s", "principal"}, {"a{sv}", "asked"}}, {{"b", "granted"}},
                       plan_check),
      StoreBus::method(self, "ExplainAccess", {{"s", "principal"}, {"a{sv}", "asked"}},
                       {{"b", "granted"}, {"aa{sv}", "findings"}}, plan_explain),
      StoreBus::method(self, "GetAccess", {{"s", "principal"}}, had, plan_get),
      StoreBus::method(self, "ListPrincipals", {{"s", "after"}}, {{"aa{sv}", "principals"}}, plan_list),
  };
}

} // namespace alk::stored
