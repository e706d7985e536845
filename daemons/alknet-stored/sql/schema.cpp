#include "alknet-stored/sql/schema.hpp"

namespace alk::stored {

namespace {

// Common to every table of services.md 7.3: a UUID, JSON for whoever comes later, two times in Unix seconds.
#define ALK_COMMON                                                                                           \
  "id TEXT PRIMARY KEY NOT NULL, metadata TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL, "         \
  "updated_at INTEGER NOT NULL, "

// Graph definitions and graphs: in every database.
constexpr std::string_view metagraph[] = {
    "CREATE TABLE graph_types (" ALK_COMMON
    "name TEXT NOT NULL UNIQUE, description TEXT NOT NULL DEFAULT '', config TEXT NOT NULL, "
    "version INTEGER NOT NULL DEFAULT 1, "
    "scope TEXT NOT NULL DEFAULT 'system' CHECK (scope IN ('system', 'tenant', 'user')))",
    "CREATE TABLE node_types (" ALK_COMMON
    "graph_type_id TEXT NOT NULL REFERENCES graph_types (id) ON DELETE CASCADE, name TEXT NOT NULL, "
    "description TEXT NOT NULL DEFAULT '', schema TEXT NOT NULL, UNIQUE (graph_type_id, name))",
    "CREATE TABLE edge_types (" ALK_COMMON
    "graph_type_id TEXT NOT NULL REFERENCES graph_types (id) ON DELETE CASCADE, name TEXT NOT NULL, "
    "description TEXT NOT NULL DEFAULT '', schema TEXT NOT NULL, "
    "allowed_source_types TEXT NOT NULL DEFAULT '[]', allowed_target_types TEXT NOT NULL DEFAULT '[]', "
    "UNIQUE (graph_type_id, name))",
    "CREATE TABLE graphs (" ALK_COMMON
    "graph_type_id TEXT REFERENCES graph_types (id) ON DELETE SET NULL, name TEXT NOT NULL, "
    "description TEXT NOT NULL DEFAULT '', "
    "status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('active', 'archived', 'draft')), "
    "owner_id TEXT, project_id TEXT)",
    "CREATE INDEX graphs_by_type ON graphs (graph_type_id)",
    "CREATE INDEX graphs_by_owner ON graphs (owner_id, project_id)",
    "CREATE INDEX graphs_by_project ON graphs (project_id)",
    "CREATE TABLE nodes (" ALK_COMMON
    "graph_id TEXT NOT NULL REFERENCES graphs (id) ON DELETE CASCADE, key TEXT NOT NULL, "
    "attributes TEXT NOT NULL DEFAULT '{}', UNIQUE (graph_id, key))",
    "CREATE TABLE edges (" ALK_COMMON
    "graph_id TEXT NOT NULL REFERENCES graphs (id) ON DELETE CASCADE, key TEXT, "
    "source_node_key TEXT NOT NULL, target_node_key TEXT NOT NULL, "
    "attributes TEXT NOT NULL DEFAULT '{}', "
    "undirected INTEGER NOT NULL DEFAULT 0 CHECK (undirected IN (0, 1)), UNIQUE (graph_id, key), "
    "FOREIGN KEY (graph_id, source_node_key) REFERENCES nodes (graph_id, key) ON DELETE CASCADE, "
    "FOREIGN KEY (graph_id, target_node_key) REFERENCES nodes (graph_id, key) ON DELETE CASCADE)",
    "CREATE INDEX edges_by_graph ON edges (graph_id, id)",
    "CREATE INDEX edges_by_source ON edges (graph_id, source_node_key, target_node_key)",
    // The attributes of an edge begin with its type: {"edge_type":"delegates" are 24 characters.
    "CREATE INDEX edges_by_target ON edges (graph_id, target_node_key, substr(attributes, 1, 24))",
};

// Durable streams (services.md 7.6): in every database, beside what they tell about. `counters` gives numbers
// without gaps in the order of the commits: whoever raises one holds its row until then.
constexpr std::string_view streams[] = {
    "CREATE TABLE counters (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL)",
    "INSERT INTO counters (name, value) VALUES ('stream', 0), ('audit', 0), ('revision', 0)",
    "CREATE TABLE stream_events (position INTEGER PRIMARY KEY NOT NULL, topic TEXT NOT NULL, key TEXT, "
    "payload TEXT NOT NULL, created_at INTEGER NOT NULL)",
    "CREATE INDEX stream_events_by_topic ON stream_events (topic, position)",
    "CREATE TABLE stream_consumers (name TEXT NOT NULL, topic TEXT NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (name, topic))",
};

// Work queues and ephemeral channels (services.md 7.6): in every database.
constexpr std::string_view queues[] = {
    "INSERT INTO counters (name, value) VALUES ('job', 0), ('notification', 0)",
    "CREATE TABLE jobs (id INTEGER PRIMARY KEY NOT NULL, queue TEXT NOT NULL, payload TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('pending', 'processing')), priority INTEGER NOT NULL, "
    "run_at INTEGER NOT NULL, worker TEXT, claim_expires_at INTEGER, attempts INTEGER NOT NULL, "
    "max_attempts INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER)",
    "CREATE INDEX jobs_by_queue ON jobs (queue, priority DESC, run_at, id)",
    "CREATE INDEX jobs_by_expiry ON jobs (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE TABLE dead_jobs (id INTEGER PRIMARY KEY NOT NULL, queue TEXT NOT NULL, payload TEXT NOT NULL, "
    "priority INTEGER NOT NULL, run_at INTEGER NOT NULL, attempts INTEGER NOT NULL, "
    "max_attempts INTEGER NOT NULL, last_error TEXT NOT NULL, created_at INTEGER NOT NULL, "
    "died_at INTEGER NOT NULL)",
    "CREATE INDEX dead_jobs_by_queue ON dead_jobs (queue, id)",
    "CREATE TABLE notifications (id INTEGER PRIMARY KEY NOT NULL, channel TEXT NOT NULL, "
    "payload TEXT NOT NULL, created_at INTEGER NOT NULL)",
    "CREATE INDEX notifications_by_channel ON notifications (channel, id)",
};

// Identities and their log: in the system's database.
constexpr std::string_view identity[] = {
    "CREATE TABLE accounts (" ALK_COMMON "email TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL DEFAULT '', "
    "access_level TEXT NOT NULL DEFAULT 'user' CHECK (access_level IN ('admin', 'user', 'service')), "
    "status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deactivated')))",
    "CREATE TABLE organizations (" ALK_COMMON "name TEXT NOT NULL UNIQUE, slug TEXT NOT NULL UNIQUE, "
    "owner_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT)",
    "CREATE INDEX organizations_by_owner ON organizations (owner_id)",
    "CREATE TABLE organization_members (" ALK_COMMON
    "org_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE, "
    "account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, "
    "membership_level TEXT NOT NULL DEFAULT 'member' CHECK (membership_level IN ('owner', 'admin', "
    "'member')), UNIQUE (org_id, account_id))",
    "CREATE INDEX organization_members_by_account ON organization_members (account_id)",
    "CREATE TABLE api_keys (" ALK_COMMON
    "owner_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, key_hash TEXT NOT NULL UNIQUE, "
    "prefix TEXT NOT NULL, name TEXT NOT NULL DEFAULT '', "
    "enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)), expires_at INTEGER, revoked_at INTEGER, "
    "rotated_to_id TEXT REFERENCES api_keys (id) ON DELETE SET NULL, last_used_at INTEGER)",
    "CREATE INDEX api_keys_by_owner ON api_keys (owner_id)",
    "CREATE INDEX api_keys_by_rotation ON api_keys (rotated_to_id)",
    "CREATE TABLE peer_credentials (" ALK_COMMON
    "owner_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, "
    "credential_type TEXT NOT NULL CHECK (credential_type IN ('ssh_key', 'cert_authority')), "
    "fingerprint TEXT NOT NULL, token_key_id TEXT, public_key_data TEXT NOT NULL, "
    "name TEXT NOT NULL DEFAULT '', enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)), "
    "expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER)",
    // A key that was revoked may be given again; two live rows for one key never exist.
    "CREATE UNIQUE INDEX peer_credentials_by_fingerprint ON peer_credentials (fingerprint) "
    "WHERE revoked_at IS NULL",
    "CREATE UNIQUE INDEX peer_credentials_by_token_key ON peer_credentials (token_key_id) "
    "WHERE revoked_at IS NULL",
    "CREATE INDEX peer_credentials_by_owner ON peer_credentials (owner_id)",
    "CREATE TABLE audit_logs (" ALK_COMMON "sequence INTEGER NOT NULL UNIQUE, action TEXT NOT NULL, "
    "owner_id TEXT REFERENCES accounts (id) ON DELETE RESTRICT, credential_id TEXT, credential_type TEXT, "
    "org_id TEXT, details TEXT NOT NULL DEFAULT '{}', actor TEXT NOT NULL, request TEXT NOT NULL, "
    "previous_hash TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE INDEX audit_logs_by_owner ON audit_logs (owner_id, sequence)",
    // Records of alknet-secretd: nothing in them is secret.
    "CREATE TABLE outbound_credentials (" ALK_COMMON "name TEXT NOT NULL UNIQUE, consumer TEXT NOT NULL, "
    "key_version INTEGER NOT NULL, salt TEXT NOT NULL, iv TEXT NOT NULL, data TEXT NOT NULL)",
    // Where the log begins once its older part is gone.
    "CREATE TABLE audit_checkpoints (sequence INTEGER PRIMARY KEY NOT NULL, hash TEXT NOT NULL, "
    "created_at INTEGER NOT NULL)",
};

#undef ALK_COMMON

void append(Migration& migration, std::span<const std::string_view> statements) {
  migration.insert(migration.end(), statements.begin(), statements.end());
}

std::vector<Migration> make_tenant_schema() {
  std::vector<Migration> versions(1);
  append(versions[0], streams);
  append(versions[0], queues);
  append(versions[0], metagraph);
  return versions;
}

std::vector<Migration> make_system_schema() {
  std::vector<Migration> versions = make_tenant_schema();
  append(versions[0], identity);
  return versions;
}

} // namespace

std::span<const Migration> system_schema() {
  static const std::vector<Migration> versions = make_system_schema();
  return versions;
}

std::span<const Migration> tenant_schema() {
  static const std::vector<Migration> versions = make_tenant_schema();
  return versions;
}

} // namespace alk::stored
