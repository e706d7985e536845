// An access control graph of 100,000 nodes and 500,000 edges: how fast it is written through the metagraph
// with all of its checks and events, beside the same rows written by plain SQLite with the same durability;
// what an access check costs then; how much memory the process has. Prints JSON.
//
//   graph_bench [divisor]     a graph of 1/divisor the size
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/sqlite/engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <sqlite3.h>

using namespace alk;
using namespace alk::stored;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int batch = 1000; // rows of one transaction, for both
constexpr int checks = 5000;

struct Shape {
  int accounts, roles, services, resources;
  explicit Shape(int divisor)
      : accounts(40'000 / divisor), roles(1000 / divisor), services(10'000 / divisor),
        resources(49'000 / divisor) {}
};

struct Plan {
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

std::string text(const char* kind, int number) {
  return kind + std::to_string(number);
}

class Planner {
 public:
  explicit Planner(const Shape& shape) : shape_(shape) {}

  Plan plan() {
    for (int i = 0; i < shape_.roles; ++i)
      principal("role", i, R"(,"scopes":["role:)" + std::to_string(i) + "\"]");
    for (int i = 0; i < shape_.accounts; ++i) principal("account", i, R"(,"scopes":["relay:connect"])");
    for (int i = 0; i < shape_.services; ++i) principal("service", i, "");
    for (int i = 0; i < shape_.resources; ++i)
      plan_.nodes.push_back({{},
                             {},
                             text("project:", i),
                             "resource",
                             R"({"resource_type":"project","resource_id":")" + std::to_string(i) + "\"}",
                             "{}"});
    for (int i = 1; i < shape_.roles; ++i) edge("role:", i, "belongs_to", "role:", i / 10); // a tree
    for (int i = 0; i < shape_.roles; ++i)
      some(60, shape_.resources, [&](int to) { edge("role:", i, "can_read", "project:", to); });
    for (int i = 0; i < shape_.accounts; ++i) {
      some(3, shape_.roles, [&](int to) { edge("account:", i, "belongs_to", "role:", to); });
      some(6, shape_.resources, [&](int to) { edge("account:", i, "can_write", "project:", to); });
    }
    for (int i = 0; i < shape_.services; ++i)
      some(8, shape_.accounts, [&](int from) { edge("account:", from, "delegates", "service:", i); });
    return std::move(plan_);
  }

 private:
  void principal(const char* type, int number, const std::string& more) {
    plan_.nodes.push_back({{},
                           {},
                           std::string(type) + ":" + std::to_string(number),
                           "principal",
                           R"({"identity_type":")" + std::string(type) + R"(","identity_id":")" +
                               std::to_string(number) + '"' + more + '}',
                           "{}"});
  }
  void edge(const char* from, int source, const char* type, const char* to, int target) {
    Edge made;
    made.source = text(from, source);
    made.target = text(to, target);
    made.type = type;
    if (made.type == "delegates")
      made.attributes =
          R"({"narrowed_scopes":["relay:connect"],"narrowed_resources":{"project:*":["write"]}})";
    plan_.edges.push_back(std::move(made));
  }
  template <class Use>
  void some(int count, int below, Use use) { // different ones
    std::set<int> chosen;
    while (static_cast<int>(chosen.size()) < std::min(count, below))
      chosen.insert(static_cast<int>(random_() % static_cast<unsigned>(below)));
    for (int one : chosen) use(one);
  }

  Shape shape_;
  Plan plan_;
  std::mt19937 random_{1};
};

template <class T>
T require(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().describe().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Act make_act() {
  static std::mt19937_64 random{2};
  return {1'700'000'000, "bench", "bench", [](std::size_t size) {
            std::string bytes(size, '\0');
            for (char& byte : bytes) byte = static_cast<char>(random());
            return bytes;
          }};
}

void add_accounts(Connection& database, const Shape& shape) {
  require(database.transact(Access::Write, [&](Transaction& tables) -> Result<void> {
    for (int i = 0; i < std::max(shape.accounts, shape.services); ++i)
      ALK_TRY_VOID(
          tables.execute("INSERT INTO accounts (id, created_at, updated_at, email) VALUES (?1, 0, 0, ?1)",
                         {std::to_string(i)}));
    return {};
  }));
}

// Rows per second.
double load(Connection& database, const Plan& plan, const Act& act, SchemaCache& schemas,
            const std::string& graph) {
  auto begin = Clock::now();
  std::size_t node = 0, edge = 0;
  while (node < plan.nodes.size() || edge < plan.edges.size())
    require(database.transact(Access::Write, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto writer, GraphWriter::open(tables, act, schemas, graph));
      for (int i = 0; i < batch && node < plan.nodes.size(); ++i)
        ALK_TRY_VOID(writer.add_node(plan.nodes[node++]));
      if (node < plan.nodes.size()) return {};
      for (int i = 0; i < batch && edge < plan.edges.size(); ++i)
        ALK_TRY_VOID(writer.add_edge(plan.edges[edge++]));
      return {};
    }));
  return static_cast<double>(plan.nodes.size() + plan.edges.size()) / seconds_since(begin);
}

// Copies the rows that the metagraph has written, with their events, from one database file into another.
double copy_raw(const std::string& from, const std::string& to) {
  sqlite3* database = nullptr;
  auto run = [&](const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) {
      std::fprintf(stderr, "%s: %s\n", sql.c_str(), error);
      std::exit(1);
    }
  };
  if (sqlite3_open(to.c_str(), &database) != SQLITE_OK) std::exit(1);
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; ATTACH '" + from +
      "' AS origin");
  run("DELETE FROM stream_events; DELETE FROM graph_types");
  run("INSERT INTO graph_types SELECT * FROM origin.graph_types; INSERT INTO graphs SELECT * FROM "
      "origin.graphs");
  run("PRAGMA foreign_keys = ON");
  auto begin = Clock::now();
  std::int64_t rows = 0;
  for (const char* table : {"nodes", "edges"}) {
    sqlite3_int64 last = 0;
    for (int changed = batch; changed == batch; rows += changed) {
      run("BEGIN IMMEDIATE");
      run("INSERT INTO main." + std::string(table) + " SELECT * FROM origin." + table + " WHERE rowid > " +
          std::to_string(last) + " ORDER BY rowid LIMIT " + std::to_string(batch));
      changed = sqlite3_changes(database);
      run("INSERT INTO main.stream_events SELECT * FROM origin.stream_events WHERE position > " +
          std::to_string(2 * rows) + " ORDER BY position LIMIT " +
          std::to_string(2 * changed)); // a change of the ACL is told twice
      run("COMMIT");
      last += batch;
    }
  }
  auto rate = static_cast<double>(rows) / seconds_since(begin);
  sqlite3_close(database);
  return rate;
}

struct Cost {
  double median = 0, p99 = 0;
};

Cost check(Connection& database, const char* kind, int count) {
  std::mt19937 random{3};
  std::vector<double> costs;
  AccessSpec spec;
  spec.required_scopes = {"relay:connect"};
  spec.resource_type = "project";
  spec.resource_action = "write";
  for (int i = 0; i < checks; ++i) {
    auto who = text(kind, static_cast<int>(random() % static_cast<unsigned>(count)));
    auto begin = Clock::now();
    require(database.transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto allowed, check_access(tables, who, spec));
      return allowed ? Result<void>() : fail(Kind::Broken, who + " should be allowed");
    }));
    costs.push_back(seconds_since(begin) * 1e6);
  }
  std::sort(costs.begin(), costs.end());
  return {costs[costs.size() / 2], costs[costs.size() * 99 / 100]};
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  auto divisor = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  std::string directory = (std::filesystem::temp_directory_path() / "graph_bench-XXXXXX").string();
  if (!mkdtemp(directory.data())) return 1;
  std::filesystem::create_directory(directory + "/raw");
  Shape shape(divisor);
  auto act = make_act();
  SchemaCache schemas;
  std::size_t nodes = 0, edges = 0;
  double alknet = 0;
  {
    auto engine = require(make_sqlite_engine(directory));
    auto database = require(engine->open(Place::system(), Access::Write));
    add_accounts(*database, shape);
    std::string graph;
    require(database->transact(Access::Write, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(graph, ensure_acl_graph(tables, act));
      ALK_TRY_VOID(tables.execute("DELETE FROM stream_events"));
      ALK_TRY_VOID(tables.execute("UPDATE counters SET value = 0 WHERE name = 'stream'"));
      return {};
    }));
    auto plan = Planner(shape).plan();
    nodes = plan.nodes.size(), edges = plan.edges.size();
    alknet = load(*database, plan, act, schemas, graph);
  }
  auto engine = require(make_sqlite_engine(directory));
  auto database = require(engine->open(Place::system(), Access::Read));
  auto accounts = check(*database, "account:", shape.accounts);
  auto services = check(*database, "service:", shape.services);
  auto memory = resident_mib();
  {
    auto raw = require(require(make_sqlite_engine(directory + "/raw"))->open(Place::system(), Access::Write));
  }
  auto raw = copy_raw(directory + "/system.db", directory + "/raw/system.db");
  std::printf("{\"bench\": \"graph\", \"nodes\": %zu, \"edges\": %zu, \"alknet_rows_per_second\": %.0f, "
              "\"sqlite_rows_per_second\": %.0f,\n \"account_check_us\": {\"median\": %.0f, \"p99\": %.0f}, "
              "\"service_check_us\": {\"median\": %.0f, \"p99\": %.0f}, \"resident_mib\": %.1f}\n",
              nodes, edges, alknet, raw, accounts.median, accounts.p99, services.median, services.p99,
              memory);
  std::filesystem::remove_all(directory);
}
