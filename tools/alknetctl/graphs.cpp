// alknetctl graph: types, graphs, nodes and edges.
#include "base/fd.hpp"
#include "entries.hpp"
#include "graph_verbs.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

constexpr std::size_t max_input = 16 * 1024 * 1024; // the largest that alknet-stored takes

using clients::GraphClient;
using clients::GraphName;

Result<std::string> read_json(const std::string& file) {
  if (file.empty()) return std::string("{}");
  const bool standard = file == "-";
  Fd opened(standard ? -1 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!standard && !opened) return fail(Kind::Invalid, file + ": cannot be opened");
  std::string text;
  char chunk[65536];
  for (;;) {
    const ::ssize_t got = ::read(standard ? STDIN_FILENO : opened.get(), chunk, sizeof chunk);
    if (got < 0) return fail(Kind::Invalid, (standard ? "standard input" : file) + ": cannot be read");
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > max_input) return fail(Kind::Invalid, "more than 16 MiB of JSON");
  }
}

Result<GraphName> graph_name(StoreClient& store, const GraphWords& words) {
  ALK_TRY(std::string organization, organization_id(store, words.organization));
  return GraphName{std::move(organization), words.graph};
}

void print_cells(const bus::Dictionary& entry, std::initializer_list<const char*> names,
                 const Output& output) {
  for (const char* name : names)
    if (has_entry(entry, name)) output.out << name << ": " << entry_cell(entry, name) << '\n';
}

// JSON of alknet-stored inside ours: as a value, not as a text of JSON.
Json with_attributes(const bus::Dictionary& entry) {
  Json json = entry_json(entry);
  for (const char* name : {"attributes", "config"})
    if (json.contains(name)) json[name] = Json::parse(json[name].get<std::string>(), nullptr, false);
  return json;
}

Json all_json(const std::vector<bus::Dictionary>& entries) {
  Json all = Json::array();
  for (const auto& entry : entries) all.push_back(with_attributes(entry));
  return all;
}

int print_one(const Result<bus::Dictionary>& entry, const Output& output) {
  if (!entry) return report(entry.error(), output);
  if (output.format == Format::Json)
    print_json(with_attributes(*entry), output);
  else
    print_cells(*entry,
                {"id", "key", "name", "type", "source", "target", "undirected", "status", "scope", "version",
                 "description", "owner_id", "project_id", "config", "attributes"},
                output);
  return exit_ok;
}

int print_list(const Result<std::vector<bus::Dictionary>>& list, const char* name,
               const std::vector<std::pair<const char*, const char*>>& columns, const Output& output) {
  if (!list) return report(list.error(), output);
  if (output.format == Format::Json) {
    print_json({{name, all_json(*list)}}, output);
    return exit_ok;
  }
  std::vector<std::string> header;
  for (const auto& column : columns) header.emplace_back(column.first);
  Table table(header);
  for (const auto& entry : *list) {
    std::vector<std::string> row;
    for (const auto& column : columns) row.push_back(entry_cell(entry, column.second));
    table.add(row);
  }
  table.print(output.out);
  return exit_ok;
}

int print_done(const Result<void>& done, const char* what, const Output& output) {
  if (!done) return report(done.error(), output);
  if (output.format == Format::Json)
    print_json({{what, true}}, output);
  else
    output.out << what << '\n';
  return exit_ok;
}

// A document of its own, the same in both formats.
int print_document(const Result<std::string>& text, const Output& output) {
  if (!text) return report(text.error(), output);
  print_json(Json::parse(*text, nullptr, false), output);
  return exit_ok;
}

// Runs `verb` with the client and the graph that is meant, or reports why there is none.
template <class Verb>
int with_graph(StoreClient& store, const GraphWords& words, const Output& output, Verb verb) {
  auto name = graph_name(store, words);
  if (!name) return report(name.error(), output);
  GraphClient graphs(store.connection());
  return verb(graphs, *name);
}

// The same with JSON that was read.
template <class Verb>
int with_json(StoreClient& store, const GraphWords& words, const Output& output, Verb verb) {
  auto json = read_json(words.file);
  if (!json) return report(json.error(), output);
  return with_graph(store, words, output,
                    [&](GraphClient& graphs, const GraphName& name) { return verb(graphs, name, *json); });
}

} // namespace

int graph_types(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_list(graphs.list_types(name.organization), "types",
                      {{"NAME", "name"}, {"VERSION", "version"}, {"SCOPE", "scope"}, {"ID", "id"}}, output);
  });
}

int graph_type(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_document(graphs.type(name.organization, words.type), output);
  });
}

int graph_put_type(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_json(store, words, output,
                   [&](GraphClient& graphs, const GraphName& name, const std::string& json) {
                     return print_one(graphs.put_type(name.organization, json), output);
                   });
}

int graph_remove_type(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_done(graphs.delete_type(name.organization, words.type), "removed", output);
  });
}

int graph_create(StoreClient& store, const GraphWords& words, const Output& output) {
  bus::Dictionary facts;
  if (!words.description.empty()) facts["description"] = words.description;
  if (!words.status.empty()) facts["status"] = words.status;
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_one(graphs.create(name.organization, words.type, words.name, facts), output);
  });
}

int graph_list(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_list(graphs.list(name.organization, words.type), "graphs",
                      {{"NAME", "name"}, {"STATUS", "status"}, {"TYPE", "graph_type_id"}, {"ID", "id"}},
                      output);
  });
}

int graph_set_status(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_one(graphs.set_status(name, words.status), output);
  });
}

int graph_delete(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_done(graphs.remove(name), "deleted", output);
  });
}

int graph_export(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_document(graphs.load(name), output);
  });
}

int graph_import(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_json(store, words, output,
                   [&](GraphClient& graphs, const GraphName& name, const std::string& json) {
                     return print_one(graphs.store(name, json), output);
                   });
}

int graph_put_node(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_json(store, words, output,
                   [&](GraphClient& graphs, const GraphName& name, const std::string& json) {
                     return print_one(graphs.put_node(name, words.key, words.type, json), output);
                   });
}

int graph_node(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_one(graphs.node(name, words.key), output);
  });
}

int graph_nodes(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_list(graphs.list_nodes(name, words.after, words.limit), "nodes",
                      {{"KEY", "key"}, {"TYPE", "type"}, {"ATTRIBUTES", "attributes"}}, output);
  });
}

int graph_remove_node(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_done(graphs.delete_node(name, words.key), "removed", output);
  });
}

int graph_put_edge(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_json(store, words, output,
                   [&](GraphClient& graphs, const GraphName& name, const std::string& json) {
                     bus::Dictionary edge = {{"source", words.source},
                                             {"target", words.target},
                                             {"type", words.type},
                                             {"attributes", json},
                                             {"undirected", words.undirected}};
                     if (!words.key.empty()) edge["key"] = words.key;
                     return print_one(graphs.put_edge(name, edge), output);
                   });
}

int graph_edge(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_one(graphs.edge(name, words.key), output);
  });
}

int graph_edges(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_list(
        graphs.list_edges(name, words.source, words.target, words.after, words.limit), "edges",
        {{"SOURCE", "source"}, {"TYPE", "type"}, {"TARGET", "target"}, {"KEY", "key"}, {"ID", "id"}}, output);
  });
}

int graph_remove_edge(StoreClient& store, const GraphWords& words, const Output& output) {
  return with_graph(store, words, output, [&](GraphClient& graphs, const GraphName& name) {
    return print_done(graphs.delete_edge(name, words.key), "removed", output);
  });
}

} // namespace alk::alknetctl
