// alknetctl graph and acl: graphs that alknet-stored keeps, and who may do what.
#pragma once

#include "clients/graph_client.hpp"
#include "store_verbs.hpp"

namespace alk::alknetctl {

// Of an organisation (its slug or id), or of the system when it is empty.
struct GraphWords {
  std::string organization, graph, type, name, key, source, target, status, description, after;
  std::string file; // JSON: a file, "-" for standard input, empty for {}
  std::uint32_t limit = 1000;
  bool undirected = false;
};

int graph_types(StoreClient& store, const GraphWords& words, const Output& output);
int graph_type(StoreClient& store, const GraphWords& words, const Output& output);
int graph_put_type(StoreClient& store, const GraphWords& words, const Output& output);
int graph_remove_type(StoreClient& store, const GraphWords& words, const Output& output);
int graph_create(StoreClient& store, const GraphWords& words, const Output& output);
int graph_list(StoreClient& store, const GraphWords& words, const Output& output);
int graph_set_status(StoreClient& store, const GraphWords& words, const Output& output);
int graph_delete(StoreClient& store, const GraphWords& words, const Output& output);
int graph_export(StoreClient& store, const GraphWords& words, const Output& output);
int graph_import(StoreClient& store, const GraphWords& words, const Output& output);
int graph_put_node(StoreClient& store, const GraphWords& words, const Output& output);
int graph_node(StoreClient& store, const GraphWords& words, const Output& output);
int graph_nodes(StoreClient& store, const GraphWords& words, const Output& output);
int graph_remove_node(StoreClient& store, const GraphWords& words, const Output& output);
int graph_put_edge(StoreClient& store, const GraphWords& words, const Output& output);
int graph_edge(StoreClient& store, const GraphWords& words, const Output& output);
int graph_edges(StoreClient& store, const GraphWords& words, const Output& output);
int graph_remove_edge(StoreClient& store, const GraphWords& words, const Output& output);

// Resources as TYPE:ID=ACTION[,ACTION]; what is asked for may lack =ACTION or be TYPE alone.
struct AclWords {
  std::string principal, other;
  std::vector<std::string> scopes, any_scopes, resources;
  std::string resource; // that is asked for
  bool final = false;   // the delegate may not delegate further
};

Result<clients::Access> parse_access(const AclWords& words);
Result<bus::Dictionary> parse_asked(const AclWords& words);

int acl_grant(StoreClient& store, const AclWords& words, const Output& output);
int acl_revoke(StoreClient& store, const AclWords& words, const Output& output);
int acl_delegate(StoreClient& store, const AclWords& words, const Output& output);
int acl_join(StoreClient& store, const AclWords& words, const Output& output);
int acl_unlink(StoreClient& store, const AclWords& words, const Output& output);
int acl_check(StoreClient& store, const AclWords& words, const Output& output); // exit_failed: denied
int acl_explain(StoreClient& store, const AclWords& words, const Output& output);
int acl_list(StoreClient& store, const AclWords& words, const Output& output);

} // namespace alk::alknetctl
