// alknetctl acl: who may do what, and why.
#include "base/text.hpp"
#include "entries.hpp"
#include "graph_verbs.hpp"

namespace alk::alknetctl {

namespace {

using clients::Access;
using clients::GraphClient;

Json access_json(const Access& access) {
  Json resources = Json::object();
  for (const auto& [key, actions] : access.resources) resources[key] = actions;
  return {{"scopes", access.scopes}, {"resources", resources}};
}

std::string list_cell(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ",") + cell(text);
  return list.empty() ? "-" : list;
}

int print_access(const Result<Access>& access, const Output& output) {
  if (!access) return report(access.error(), output);
  if (output.format == Format::Json) {
    print_json(access_json(*access), output);
    return exit_ok;
  }
  output.out << "scopes: " << list_cell(access->scopes) << '\n';
  for (const auto& [key, actions] : access->resources)
    output.out << "resource: " << cell(key) << " " << list_cell(actions) << '\n';
  return exit_ok;
}

int print_edge(const Result<std::string>& id, const Output& output) {
  if (!id) return report(id.error(), output);
  if (output.format == Format::Json)
    print_json({{"edge", *id}}, output);
  else
    output.out << "edge: " << cell(*id) << '\n';
  return exit_ok;
}

// One thing that was asked for: who has it and how it came here, or what stopped it.
void print_finding(const bus::Dictionary& finding, const Output& output) {
  output.out << (entry_true(finding, "granted") ? "granted: " : "denied: ") << entry_cell(finding, "asked")
             << '\n';
  if (const auto* path = bus::find<std::vector<std::string>>(finding, "path"))
    for (const auto& edge : *path) output.out << "  by " << words_cell(edge) << '\n';
  if (has_entry(finding, "holder")) output.out << "  held by " << entry_cell(finding, "holder") << '\n';
  if (has_entry(finding, "cut")) output.out << "  cut by " << entry_cell(finding, "cut") << '\n';
  if (has_entry(finding, "inactive"))
    output.out << "  not active: " << entry_cell(finding, "inactive") << '\n';
  if (!entry_true(finding, "granted") && !has_entry(finding, "holder"))
    output.out << "  nobody within reach has it\n";
}

} // namespace

Result<Access> parse_access(const AclWords& words) {
  Access access;
  access.scopes = words.scopes;
  for (const std::string& text : words.resources) {
    const auto equals = text.rfind('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
      return fail(Kind::Invalid, "a resource is TYPE:ID=ACTION[,ACTION]");
    for (std::string_view action : split(std::string_view(text).substr(equals + 1), ','))
      access.resources[text.substr(0, equals)].emplace_back(action);
  }
  return access;
}

Result<bus::Dictionary> parse_asked(const AclWords& words) {
  bus::Dictionary asked;
  if (!words.scopes.empty()) asked["required_scopes"] = words.scopes;
  if (!words.any_scopes.empty()) asked["required_scopes_any"] = words.any_scopes;
  std::string resource = words.resource;
  if (const auto equals = resource.rfind('='); equals != resource.npos) {
    asked["resource_action"] = resource.substr(equals + 1);
    resource.resize(equals);
  }
  if (const auto colon = resource.find(':'); colon != resource.npos) {
    asked["resource_id"] = resource.substr(colon + 1);
    resource.resize(colon);
  }
  if (!resource.empty()) asked["resource_type"] = resource;
  if (asked.empty()) return fail(Kind::Invalid, "nothing is asked for: --scope, --any-scope or --resource");
  return asked;
}

int acl_grant(StoreClient& store, const AclWords& words, const Output& output) {
  auto access = parse_access(words);
  if (!access) return report(access.error(), output);
  return print_access(GraphClient(store.connection()).grant(words.principal, *access), output);
}

int acl_revoke(StoreClient& store, const AclWords& words, const Output& output) {
  auto access = parse_access(words);
  if (!access) return report(access.error(), output);
  return print_access(GraphClient(store.connection()).revoke(words.principal, *access), output);
}

int acl_delegate(StoreClient& store, const AclWords& words, const Output& output) {
  auto part = parse_access(words);
  if (!part) return report(part.error(), output);
  return print_edge(
      GraphClient(store.connection()).delegate(words.principal, words.other, *part, !words.final), output);
}

int acl_join(StoreClient& store, const AclWords& words, const Output& output) {
  return print_edge(GraphClient(store.connection()).join(words.principal, words.other), output);
}

int acl_unlink(StoreClient& store, const AclWords& words, const Output& output) {
  auto done = GraphClient(store.connection()).unlink(words.principal, words.other);
  if (!done) return report(done.error(), output);
  if (output.format == Format::Json)
    print_json({{"removed", true}}, output);
  else
    output.out << "removed\n";
  return exit_ok;
}

int acl_check(StoreClient& store, const AclWords& words, const Output& output) {
  auto asked = parse_asked(words);
  if (!asked) return report(asked.error(), output);
  auto granted = GraphClient(store.connection()).check(words.principal, *asked);
  if (!granted) return report(granted.error(), output);
  if (output.format == Format::Json)
    print_json({{"granted", *granted}}, output);
  else
    output.out << (*granted ? "granted\n" : "denied\n");
  return *granted ? exit_ok : exit_failed;
}

int acl_explain(StoreClient& store, const AclWords& words, const Output& output) {
  auto asked = parse_asked(words);
  if (!asked) return report(asked.error(), output);
  auto verdict = GraphClient(store.connection()).explain(words.principal, *asked);
  if (!verdict) return report(verdict.error(), output);
  if (output.format == Format::Json) {
    print_json({{"granted", verdict->granted}, {"findings", entries_json(verdict->findings)}}, output);
    return exit_ok;
  }
  output.out << (verdict->granted ? "granted\n" : "denied\n");
  for (const auto& finding : verdict->findings) print_finding(finding, output);
  return exit_ok;
}

int acl_list(StoreClient& store, const AclWords& words, const Output& output) {
  GraphClient graphs(store.connection());
  if (!words.principal.empty()) return print_access(graphs.access(words.principal), output);
  auto principals = graphs.list_principals();
  if (!principals) return report(principals.error(), output);
  if (output.format == Format::Json) {
    print_json({{"principals", entries_json(*principals)}}, output);
    return exit_ok;
  }
  Table table({"NAME", "ACTIVE", "SCOPES", "RESOURCES", "PRINCIPAL"});
  for (const auto& one : *principals)
    table.add({entry_cell(one, "name"), entry_cell(one, "active"), entry_cell(one, "scopes"),
               entry_cell(one, "resources"), entry_cell(one, "principal")});
  table.print(output.out);
  for (const auto& one : *principals)
    if (const auto* edges = bus::find<std::vector<std::string>>(one, "edges"))
      for (const auto& edge : *edges) output.out << words_cell(edge) << '\n';
  return exit_ok;
}

} // namespace alk::alknetctl
