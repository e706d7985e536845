// The command line of graph and acl.
#include "graph_verbs.hpp"
#include "store_cli.hpp"

#include <CLI/CLI.hpp>

namespace alk::alknetctl {

struct GraphCliWords {
  GraphWords graph;
  AclWords acl;
};

namespace {

using GraphVerb = int (*)(StoreClient&, const GraphWords&, const Output&);
using AclVerb = int (*)(StoreClient&, const AclWords&, const Output&);

void need(CLI::App* verb, const char* name, std::string& target, const char* description) {
  verb->add_option(name, target, description)->required();
}

constexpr const char* which_graph = "Its id, or its name when no other has it";
constexpr const char* which_json = "A file of JSON, - for standard input";
constexpr const char* which_principal = "An account, org:SLUG, service:ACCOUNT or role:NAME";

class GraphCli {
 public:
  GraphCli(CLI::App& program, const Place& place, const AddVerb& add, GraphWords& words)
      : place_(place), add_(add), words_(words),
        app_(*program.add_subcommand("graph", "Graphs of typed nodes and edges")) {
    app_.fallthrough();
    app_.require_subcommand(1);
  }

  void add_all() {
    add_types();
    add_graphs();
    add_nodes();
    add_edges();
  }

 private:
  CLI::App* verb(const char* name, const char* description, GraphVerb run) {
    auto* made = add_(app_, name, description, [&place = place_, &words = words_, run](const Output& output) {
      return with_store(place, output, [&](StoreClient& store) { return run(store, words, output); });
    });
    made->add_option("--org", words_.organization, "Those of an organisation, by its slug or id")
        ->type_name("ORG");
    return made;
  }
  CLI::App* of_graph(const char* name, const char* description, GraphVerb run) {
    auto* made = verb(name, description, run);
    need(made, "GRAPH", words_.graph, which_graph);
    return made;
  }
  void add_page(CLI::App* list) {
    list->add_option("--limit", words_.limit, "How many")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    list->add_option("--after", words_.after, "Go on after this one")->type_name("LAST");
  }

  void add_types() {
    verb("types", "All graph types", &graph_types);
    need(verb("type", "One graph type, as JSON", &graph_type), "TYPE", words_.type, "Its name or id");
    need(verb("put-type", "Make a graph type, or change it", &graph_put_type), "FILE", words_.file,
         which_json);
    need(verb("remove-type", "Remove a type that has no graphs", &graph_remove_type), "TYPE", words_.type,
         "Its name or id");
  }
  void add_graphs() {
    auto* create = verb("create", "Make a graph", &graph_create);
    need(create, "TYPE", words_.type, "The name or id of its type");
    need(create, "NAME", words_.name, "Its name");
    create->add_option("--description", words_.description, "For people")->type_name("TEXT");
    create->add_option("--status", words_.status, "Default: draft")
        ->check(CLI::IsMember({"draft", "active", "archived"}));
    verb("list", "All graphs", &graph_list)
        ->add_option("--type", words_.type, "Only those of this type")
        ->type_name("TYPE");
    auto* status = of_graph("set-status", "Change the status of a graph", &graph_set_status);
    status->add_option("STATUS", words_.status, "draft, active or archived")
        ->required()
        ->check(CLI::IsMember({"draft", "active", "archived"}));
    of_graph("delete", "End a graph, with all that is in it", &graph_delete);
    of_graph("export", "Print a whole graph as JSON", &graph_export);
    need(of_graph("import", "Replace all of a graph", &graph_import), "FILE", words_.file, which_json);
  }
  void add_nodes() {
    auto* put = of_graph("put-node", "Make a node, or replace its attributes", &graph_put_node);
    need(put, "KEY", words_.key, "Its key in the graph");
    need(put, "TYPE", words_.type, "The name of its type");
    put->add_option("FILE", words_.file, "Its attributes: a file of JSON, - for standard input (default {})");
    need(of_graph("node", "One node", &graph_node), "KEY", words_.key, "Its key");
    add_page(of_graph("nodes", "The nodes of a graph", &graph_nodes));
    need(of_graph("remove-node", "Remove a node with its edges", &graph_remove_node), "KEY", words_.key,
         "Its key");
  }
  void add_edges() {
    auto* put = of_graph("put-edge", "Make an edge, or replace the attributes of the one with that key",
                         &graph_put_edge);
    need(put, "SOURCE", words_.source, "The key of the node that it begins at");
    need(put, "TARGET", words_.target, "The key of the node that it ends at");
    need(put, "TYPE", words_.type, "The name of its type");
    put->add_option("FILE", words_.file, "Its attributes: a file of JSON, - for standard input (default {})");
    put->add_option("--key", words_.key, "To name it by")->type_name("KEY");
    put->add_flag("--undirected", words_.undirected, "It has no direction");
    need(of_graph("edge", "One edge", &graph_edge), "EDGE", words_.key, "Its key or id");
    auto* list = of_graph("edges", "The edges of a graph", &graph_edges);
    list->add_option("--from", words_.source, "Only those that begin here")->type_name("NODE");
    list->add_option("--to", words_.target, "Only those that end here")->type_name("NODE");
    add_page(list);
    need(of_graph("remove-edge", "Remove an edge", &graph_remove_edge), "EDGE", words_.key, "Its key or id");
  }

  const Place& place_;
  const AddVerb& add_;
  GraphWords& words_;
  CLI::App& app_;
};

class AclCli {
 public:
  AclCli(CLI::App& program, const Place& place, const AddVerb& add, AclWords& words)
      : place_(place), add_(add), words_(words), app_(*program.add_subcommand("acl", "Who may do what")) {
    app_.fallthrough();
    app_.require_subcommand(1);
  }

  void add_all() {
    add_grants(verb("grant", "Give a principal scopes or resources", &acl_grant));
    add_grants(verb("revoke", "Take from a principal what it itself has", &acl_revoke));
    auto* delegate = pair("delegate", "Pass a part of what one has to another", &acl_delegate);
    add_grants(delegate);
    delegate->add_flag("--final", words_.final, "The other may not delegate it again");
    pair("join", "Let a principal have what a role has", &acl_join);
    pair("unlink", "End a delegation or a role", &acl_unlink);
    add_asked(verb("check", "Say whether it may: the exit code is 0 or 1", &acl_check));
    add_asked(verb("explain", "Say whether it may, and by which path or why not", &acl_explain));
    add_list();
  }

 private:
  CLI::App* open_verb(const char* name, const char* description, AclVerb run) {
    return add_(app_, name, description, [&place = place_, &words = words_, run](const Output& output) {
      return with_store(place, output, [&](StoreClient& store) { return run(store, words, output); });
    });
  }
  CLI::App* verb(const char* name, const char* description, AclVerb run) {
    auto* made = open_verb(name, description, run);
    need(made, "PRINCIPAL", words_.principal, which_principal);
    return made;
  }
  CLI::App* pair(const char* name, const char* description, AclVerb run) {
    auto* made = verb(name, description, run);
    need(made, "OTHER", words_.other, "Another principal");
    return made;
  }
  void add_texts(CLI::App* verb, const char* name, std::vector<std::string>& target, const char* description,
                 const char* type) {
    verb->add_option(name, target, description)->type_name(type)->expected(1)->take_all();
  }
  void add_grants(CLI::App* verb) {
    add_texts(verb, "--scope", words_.scopes, "A scope; may be repeated", "SCOPE");
    add_texts(verb, "--resource", words_.resources, "Actions on a resource; may be repeated",
              "TYPE:ID=ACTION");
  }
  void add_asked(CLI::App* verb) {
    add_texts(verb, "--scope", words_.scopes, "A scope that is needed; may be repeated", "SCOPE");
    add_texts(verb, "--any-scope", words_.any_scopes, "One of these is needed; may be repeated", "SCOPE");
    verb->add_option("--resource", words_.resource, "What is acted on")->type_name("TYPE[:ID][=ACTION]");
  }
  void add_list() {
    open_verb("list", "All principals, or all that one has in effect", &acl_list)
        ->add_option("PRINCIPAL", words_.principal, which_principal);
  }

  const Place& place_;
  const AddVerb& add_;
  AclWords& words_;
  CLI::App& app_;
};

} // namespace

std::shared_ptr<GraphCliWords> add_graph_verbs(CLI::App& program, const Place& place, const AddVerb& add) {
  auto words = std::make_shared<GraphCliWords>();
  GraphCli(program, place, add, words->graph).add_all();
  AclCli(program, place, add, words->acl).add_all();
  return words;
}

} // namespace alk::alknetctl
