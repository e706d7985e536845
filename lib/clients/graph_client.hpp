// The graphs and the access control of org.alknet.Store1 as alknetctl sees them: one call at a time. Entries
// are those of the contract. `organization`: an id, or empty for the graphs of the system.
#pragma once

#include "clients/store_client.hpp"

namespace alk::clients {

// Whose graphs, and which one of them.
struct GraphName {
  std::string organization;
  std::string graph;
};

struct Access {
  std::vector<std::string> scopes;
  bus::StringLists resources;
};

struct AccessVerdict {
  bool granted = false;
  Entries findings;
};

class GraphClient {
 public:
  explicit GraphClient(bus::BlockingConnection& connection) : connection_(connection) {}

  Result<Entry> put_type(const std::string& organization, const std::string& json);
  Result<std::string> type(const std::string& organization, const std::string& type);
  Result<Entries> list_types(const std::string& organization);
  Result<void> delete_type(const std::string& organization, const std::string& type);

  Result<Entry> create(const std::string& organization, const std::string& type, const std::string& name,
                       const Entry& facts);
  Result<Entry> graph(const GraphName& name);
  Result<Entries> list(const std::string& organization, const std::string& type);
  Result<Entry> set_status(const GraphName& name, const std::string& status);
  Result<void> remove(const GraphName& name);
  Result<std::string> load(const GraphName& name);
  Result<Entry> store(const GraphName& name, const std::string& json);

  Result<Entry> put_node(const GraphName& name, const std::string& key, const std::string& type,
                         const std::string& attributes);
  Result<Entry> node(const GraphName& name, const std::string& key);
  Result<Entries> list_nodes(const GraphName& name, const std::string& after, std::uint32_t limit);
  Result<void> delete_node(const GraphName& name, const std::string& key);

  Result<Entry> put_edge(const GraphName& name, const Entry& edge);
  Result<Entry> edge(const GraphName& name, const std::string& edge);
  Result<Entries> list_edges(const GraphName& name, const std::string& source, const std::string& target,
                             const std::string& after, std::uint32_t limit);
  Result<void> delete_edge(const GraphName& name, const std::string& edge);

  Result<Access> grant(const std::string& principal, const Access& more);
  Result<Access> revoke(const std::string& principal, const Access& less);
  Result<std::string> delegate(const std::string& from, const std::string& to, const Access& part,
                               bool further);
  Result<std::string> join(const std::string& principal, const std::string& role);
  Result<void> unlink(const std::string& from, const std::string& to);
  Result<bool> check(const std::string& principal, const Entry& asked);
  Result<AccessVerdict> explain(const std::string& principal, const Entry& asked);
  Result<Access> access(const std::string& principal);
  Result<Entries> list_principals();

 private:
  using Fill = std::function<void(bus::Message&)>;
  Result<bus::Message> ask(const char* member, const Fill& fill);
  Result<bus::Message> ask(const char* member, const std::vector<std::string>& texts);
  Result<Entry> ask_entry(const char* member, const std::vector<std::string>& texts);
  Result<std::string> ask_text(const char* member, const std::vector<std::string>& texts);
  Result<Access> ask_access(const char* member, const std::string& principal, const Access& access);
  // Every page, up to `limit` entries; `texts` end with what the first one begins after.
  Result<Entries> ask_pages(const char* member, std::vector<std::string> texts, const char* key,
                            std::size_t limit, bool sized);

  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
