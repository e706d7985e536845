#include "alknet-stored/upkeep/dump_tables.hpp"

#include <algorithm>

namespace alk::stored {

namespace {

// "name", "name:json", "name:number", each with "?" behind when it may be NULL.
DumpColumn read_column(std::string_view word) {
  DumpColumn column;
  column.nullable = word.ends_with('?');
  if (column.nullable) word.remove_suffix(1);
  const auto colon = word.find(':');
  column.name = word.substr(0, colon);
  if (colon != word.npos) column.holds = word.substr(colon) == ":json" ? Holds::Json : Holds::Number;
  return column;
}

std::size_t index_of(const DumpTable& table, std::string_view name) {
  auto found = std::find_if(table.columns.begin(), table.columns.end(),
                            [&](const DumpColumn& column) { return column.name == name; });
  return static_cast<std::size_t>(found - table.columns.begin());
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto blank = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return words;
}

// "a, b" or "?1, ?2", as many as there are.
template <class Each>
std::string listed(std::size_t count, Each each) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ", ") + each(i);
  return list;
}

std::string parameter(std::size_t index) {
  return "?" + std::to_string(index + 1);
}

void write_statements(DumpTable& table) {
  auto column = [&](std::size_t i) { return table.columns[i].name; };
  auto key = [&](std::size_t i) { return table.columns[table.key[i]].name; };
  const std::string columns = listed(table.columns.size(), column), keys = listed(table.key.size(), key);
  table.page = "SELECT " + columns + " FROM " + table.name + " WHERE (" + keys + ") > (" +
               listed(table.key.size(), parameter) + ") ORDER BY " + keys + " LIMIT " +
               std::to_string(rows_per_page);
  table.insert = "INSERT INTO " + table.name + " (" + columns + ") VALUES (" +
                 listed(table.columns.size(), parameter) + ")";
  if (table.later < table.columns.size())
    table.set_later = "UPDATE " + table.name + " SET " + column(table.later) + " = ?2 WHERE id = ?1";
}

enum class Of { System, Everybody };

DumpTable make_table(Of of, const char* name, std::string columns, const char* key, const char* later = "") {
  DumpTable table;
  table.name = name;
  table.of_tenants = of == Of::Everybody;
  for (std::string_view word : words_of(columns)) table.columns.push_back(read_column(word));
  for (std::string_view word : words_of(key)) table.key.push_back(index_of(table, word));
  if (*later != '\0') table.later = index_of(table, later);
  write_statements(table);
  return table;
}

std::vector<DumpTable> make_tables() {
  const std::string common = "id metadata:json created_at:number updated_at:number ";
  const Of system = Of::System, all = Of::Everybody;
  return {
      make_table(system, "accounts", common + "email display_name access_level status", "id"),
      make_table(system, "organizations", common + "name slug owner_id", "id"),
      make_table(system, "organization_members", common + "org_id account_id membership_level", "id"),
      make_table(system, "api_keys",
                 common + "owner_id key_hash prefix name enabled:number expires_at:number? "
                          "revoked_at:number? rotated_to_id? last_used_at:number?",
                 "id", "rotated_to_id"),
      make_table(system, "peer_credentials",
                 common + "owner_id credential_type fingerprint token_key_id? public_key_data name "
                          "enabled:number expires_at:number? revoked_at:number? last_used_at:number?",
                 "id"),
      make_table(system, "outbound_credentials", common + "name consumer key_version:number salt iv data",
                 "id"),
      make_table(system, "audit_checkpoints", "sequence:number hash created_at:number", "sequence"),
      make_table(system, "audit_logs",
                 common + "sequence:number action owner_id? credential_id? credential_type? org_id? "
                          "details:json actor request previous_hash hash",
                 "sequence"),
      make_table(all, "graph_types", common + "name description config:json version:number scope", "id"),
      make_table(all, "node_types", common + "graph_type_id name description schema:json", "id"),
      make_table(all, "edge_types",
                 common + "graph_type_id name description schema:json allowed_source_types:json "
                          "allowed_target_types:json",
                 "id"),
      make_table(all, "graphs", common + "graph_type_id? name description status owner_id? project_id?",
                 "id"),
      make_table(all, "nodes", common + "graph_id key attributes:json", "id"),
      make_table(all, "edges",
                 common + "graph_id key? source_node_key target_node_key attributes:json undirected:number",
                 "id"),
      make_table(all, "stream_events", "position:number topic key? payload created_at:number", "position"),
      make_table(all, "stream_consumers", "name topic position:number", "name topic"),
      make_table(all, "jobs",
                 "id:number queue payload state priority:number run_at:number worker? "
                 "claim_expires_at:number? attempts:number max_attempts:number created_at:number "
                 "expires_at:number?",
                 "id"),
      make_table(all, "dead_jobs",
                 "id:number queue payload priority:number run_at:number attempts:number "
                 "max_attempts:number last_error created_at:number died_at:number",
                 "id"),
      make_table(all, "counters", "name value:number", "name"),
  };
}

} // namespace

std::span<const DumpTable> dump_tables() {
  static const std::vector<DumpTable> tables = make_tables();
  return tables;
}

const DumpTable* find_dump_table(std::string_view name) {
  for (const DumpTable& table : dump_tables())
    if (table.name == name) return &table;
  return nullptr;
}

} // namespace alk::stored
