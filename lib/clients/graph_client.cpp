#include "clients/graph_client.hpp"

#include "clients/destinations.hpp"

#include <algorithm>

namespace alk::clients {

namespace {

// Of one call; alknet-stored's own bound.
constexpr std::size_t max_page = 1000;
constexpr std::size_t everything = SIZE_MAX;
constexpr std::size_t max_whole = 16 * 1024 * 1024; // a whole graph as JSON

void write(bus::Message& call, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) call.write_text(text);
}

Result<Access> read_access(bus::Message& in) {
  Access access;
  ALK_TRY(access.scopes, in.read_texts());
  ALK_TRY(access.resources, in.read_string_lists());
  return access;
}

} // namespace

Result<bus::Message> GraphClient::ask(const char* member, const Fill& fill) {
  auto call = connection_.make_call(store_daemon, member, bus::AutoStart::Yes);
  if (call) fill(call);
  return connection_.call(std::move(call), store_deadline);
}

Result<bus::Message> GraphClient::ask(const char* member, const std::vector<std::string>& texts) {
  return ask(member, [&](bus::Message& call) { write(call, texts); });
}

Result<Entry> GraphClient::ask_entry(const char* member, const std::vector<std::string>& texts) {
  ALK_TRY(auto reply, ask(member, texts));
  return reply.read_dictionary();
}

Result<std::string> GraphClient::ask_text(const char* member, const std::vector<std::string>& texts) {
  ALK_TRY(auto reply, ask(member, texts));
  return reply.read_text(max_whole);
}

Result<Entries> GraphClient::ask_pages(const char* member, std::vector<std::string> texts, const char* key,
                                       std::size_t limit, bool sized) {
  Entries all;
  while (all.size() < limit) {
    const auto size = static_cast<std::uint32_t>(std::min(limit - all.size(), max_page));
    ALK_TRY(auto reply, ask(member, [&](bus::Message& call) {
              write(call, texts);
              if (sized) call.write_u32(size);
            }));
    ALK_TRY(Entries page, reply.read_dictionaries());
    if (page.empty()) break;
    const auto* last = bus::find<std::string>(page.back(), key);
    if (last == nullptr || *last <= texts.back()) return fail(Kind::Broken, "a list that does not go on");
    texts.back() = *last;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
  return all;
}

Result<Entry> GraphClient::put_type(const std::string& organization, const std::string& json) {
  return ask_entry("PutGraphType", {organization, json});
}

Result<std::string> GraphClient::type(const std::string& organization, const std::string& type) {
  return ask_text("GetGraphType", {organization, type});
}

Result<Entries> GraphClient::list_types(const std::string& organization) {
  return ask_pages("ListGraphTypes", {organization, ""}, "name", everything, false);
}

Result<void> GraphClient::delete_type(const std::string& organization, const std::string& type) {
  ALK_TRY_VOID(ask("DeleteGraphType", {organization, type}));
  return {};
}

Result<Entry> GraphClient::create(const std::string& organization, const std::string& type,
                                  const std::string& name, const Entry& facts) {
  ALK_TRY(auto reply, ask("CreateGraph", [&](bus::Message& call) {
            write(call, {organization, type, name});
            call.write_dictionary(facts);
          }));
  return reply.read_dictionary();
}

Result<Entry> GraphClient::graph(const GraphName& name) {
  return ask_entry("GetGraph", {name.organization, name.graph});
}

Result<Entries> GraphClient::list(const std::string& organization, const std::string& type) {
  return ask_pages("ListGraphs", {organization, type, ""}, "id", everything, false);
}

Result<Entry> GraphClient::set_status(const GraphName& name, const std::string& status) {
  return ask_entry("SetGraphStatus", {name.organization, name.graph, status});
}

Result<void> GraphClient::remove(const GraphName& name) {
  ALK_TRY_VOID(ask("DeleteGraph", {name.organization, name.graph}));
  return {};
}

Result<std::string> GraphClient::load(const GraphName& name) {
  return ask_text("LoadGraph", {name.organization, name.graph});
}

Result<Entry> GraphClient::store(const GraphName& name, const std::string& json) {
  return ask_entry("StoreGraph", {name.organization, name.graph, json});
}

Result<Entry> GraphClient::put_node(const GraphName& name, const std::string& key, const std::string& type,
                                    const std::string& attributes) {
  return ask_entry("PutNode", {name.organization, name.graph, key, type, attributes});
}

Result<Entry> GraphClient::node(const GraphName& name, const std::string& key) {
  return ask_entry("GetNode", {name.organization, name.graph, key});
}

Result<Entries> GraphClient::list_nodes(const GraphName& name, const std::string& after,
                                        std::uint32_t limit) {
  return ask_pages("ListNodes", {name.organization, name.graph, after}, "key", limit, true);
}

Result<void> GraphClient::delete_node(const GraphName& name, const std::string& key) {
  ALK_TRY_VOID(ask("DeleteNode", {name.organization, name.graph, key}));
  return {};
}

Result<Entry> GraphClient::put_edge(const GraphName& name, const Entry& edge) {
  ALK_TRY(auto reply, ask("PutEdge", [&](bus::Message& call) {
            write(call, {name.organization, name.graph});
            call.write_dictionary(edge);
          }));
  return reply.read_dictionary();
}

Result<Entry> GraphClient::edge(const GraphName& name, const std::string& edge) {
  return ask_entry("GetEdge", {name.organization, name.graph, edge});
}

Result<Entries> GraphClient::list_edges(const GraphName& name, const std::string& source,
                                        const std::string& target, const std::string& after,
                                        std::uint32_t limit) {
  return ask_pages("ListEdges", {name.organization, name.graph, source, target, after}, "id", limit, true);
}

Result<void> GraphClient::delete_edge(const GraphName& name, const std::string& edge) {
  ALK_TRY_VOID(ask("DeleteEdge", {name.organization, name.graph, edge}));
  return {};
}

Result<Access> GraphClient::ask_access(const char* member, const std::string& principal,
                                       const Access& access) {
  ALK_TRY(auto reply, ask(member, [&](bus::Message& call) {
            call.write_text(principal).write_texts(access.scopes).write_string_lists(access.resources);
          }));
  return read_access(reply);
}

Result<Access> GraphClient::grant(const std::string& principal, const Access& more) {
  return ask_access("GrantAccess", principal, more);
}

Result<Access> GraphClient::revoke(const std::string& principal, const Access& less) {
  return ask_access("RevokeAccess", principal, less);
}

Result<std::string> GraphClient::delegate(const std::string& from, const std::string& to, const Access& part,
                                          bool further) {
  ALK_TRY(auto reply, ask("DelegateAccess", [&](bus::Message& call) {
            write(call, {from, to});
            call.write_texts(part.scopes).write_string_lists(part.resources).write_bool(further);
          }));
  return reply.read_text();
}

Result<std::string> GraphClient::join(const std::string& principal, const std::string& role) {
  return ask_text("JoinRole", {principal, role});
}

Result<void> GraphClient::unlink(const std::string& from, const std::string& to) {
  ALK_TRY_VOID(ask("UnlinkAccess", {from, to}));
  return {};
}

Result<bool> GraphClient::check(const std::string& principal, const Entry& asked) {
  ALK_TRY(auto reply, ask("CheckAccess",
                          [&](bus::Message& call) { call.write_text(principal).write_dictionary(asked); }));
  return reply.read_bool();
}

Result<AccessVerdict> GraphClient::explain(const std::string& principal, const Entry& asked) {
  ALK_TRY(auto reply, ask("ExplainAccess",
                          [&](bus::Message& call) { call.write_text(principal).write_dictionary(asked); }));
  AccessVerdict verdict;
  ALK_TRY(verdict.granted, reply.read_bool());
  ALK_TRY(verdict.findings, reply.read_dictionaries());
  return verdict;
}

Result<Access> GraphClient::access(const std::string& principal) {
  ALK_TRY(auto reply, ask("GetAccess", {principal}));
  return read_access(reply);
}

Result<Entries> GraphClient::list_principals() {
  return ask_pages("ListPrincipals", {""}, "principal", everything, false);
}

} // namespace alk::clients
