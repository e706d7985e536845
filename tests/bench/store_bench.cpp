// What alknet-stored does in a second, over the bus, and what SQLite alone does with the same rows, indices
// and durability. Prints one line of JSON.
//
//   store_bench create|import|read|empty BUS-ADDRESS COUNT PARALLEL
//   store_bench raw DIRECTORY COUNT ROWS-OF-A-COMMIT
#include "alknet-stored/sqlite/engine.hpp"
#include "base/encoding.hpp"
#include "bus/connection.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <sqlite3.h>

using namespace alk;

namespace {

using Clock = std::chrono::steady_clock;

constexpr bus::Destination store{"org.alknet.Store1", "/org/alknet/Store1", "org.alknet.Store1"};
constexpr bus::Destination properties{store.name, store.path, "org.freedesktop.DBus.Properties"};
constexpr int keys_of_an_import = 100;
constexpr std::chrono::seconds patience{60};

[[noreturn]] void fail_with(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

std::string unique_name() {
  static std::mt19937_64 random{std::random_device{}()};
  return std::to_string(random());
}

std::string new_key() {
  static std::mt19937_64 random{std::random_device{}()};
  std::string blob("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
  for (int i = 0; i < 4; ++i) {
    auto word = random();
    blob.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return "ssh-ed25519 " + base64_encode(blob);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void print(double rows, double seconds, std::vector<double>& microseconds) {
  std::sort(microseconds.begin(), microseconds.end());
  std::printf("{\"per_second\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", rows / seconds,
              microseconds[microseconds.size() / 2], microseconds[microseconds.size() * 99 / 100]);
}

// --- over the bus

class Load {
 public:
  Load(bus::Connection& connection, std::string what, std::string account, long count)
      : connection_(connection), what_(std::move(what)), account_(std::move(account)), left_(count) {}

  Task<> ask() {
    while (left_-- > 0) {
      bus::Message call = make();
      const auto begin = Clock::now();
      auto answer = co_await connection_.call(std::move(call), patience);
      if (!answer) fail_with(what_ + ": " + answer.error().describe());
      times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
  }

  std::vector<double> times;

 private:
  bus::Message make() {
    if (what_ == "empty") { // our dispatch and our gate, and nothing behind them
      auto call = connection_.make_call(properties, "Get");
      call.write_text(store.interface).write_text("Version");
      return call;
    }
    if (what_ == "read") {
      auto call = connection_.make_call(store, "GetAccount");
      call.write_text(account_);
      return call;
    }
    if (what_ == "create") {
      auto call = connection_.make_call(store, "CreateAccount");
      call.write_dictionary({{"email", unique_name() + "@example.org"}});
      return call;
    }
    std::string text;
    for (int i = 0; i < keys_of_an_import; ++i) text += new_key() + "\n";
    auto call = connection_.make_call(store, "ImportKeys");
    call.write_text(account_).write_text(text);
    return call;
  }

  bus::Connection& connection_;
  std::string what_, account_;
  long left_;
};

std::string make_account(const char* address) {
  auto connection = bus::BlockingConnection::open(address);
  if (!connection) fail_with(connection.error().what);
  auto call = connection->make_call(store, "CreateAccount", bus::AutoStart::Yes);
  std::string email = unique_name() + "@example.org";
  call.write_dictionary({{"email", email}});
  if (auto made = connection->call(std::move(call), patience); !made) fail_with(made.error().describe());
  return email;
}

int over_the_bus(const std::string& what, const char* address, long count, int parallel) {
  asio::io_context loop;
  const std::string account = make_account(address); // which also starts the service
  auto connection = bus::Connection::open(loop, address);
  if (!connection) fail_with(connection.error().what);
  Load load(**connection, what, account, count);
  loop::TaskGroup tasks(loop);
  const auto begin = Clock::now();
  for (int i = 0; i < parallel; ++i) tasks.spawn("ask", load.ask());
  tasks.when_drained([&loop] { loop.stop(); });
  loop.run();
  const double rows = static_cast<double>(count) * (what == "import" ? keys_of_an_import : 1);
  print(rows, seconds_since(begin), load.times);
  return 0;
}

// --- SQLite alone

class Raw {
 public:
  // A database that alknet-stored has made: its tables and indices.
  explicit Raw(const std::string& directory) {
    auto engine = stored::make_sqlite_engine(directory);
    if (!engine || !(*engine)->open(stored::Place::system(), stored::Access::Write)) fail_with("no tables");
    if (sqlite3_open((directory + "/system.db").c_str(), &database_) != SQLITE_OK) fail_with("not opened");
    run("PRAGMA synchronous = FULL");
    run("PRAGMA foreign_keys = ON");
    run("PRAGMA wal_autocheckpoint = 10000");
    run("PRAGMA cache_size = -32768");
    prepare("INSERT INTO accounts (id, email, created_at, updated_at) VALUES (?1, ?1, 0, 0)");
    prepare("INSERT INTO stream_events (position, topic, key, payload, created_at) SELECT value + 1, "
            "'accounts:updated', ?1, "
            "'{\"account_id\":\"0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52\",\"change\":\"created\"}', "
            "0 FROM counters WHERE name = 'stream'");
    prepare("UPDATE counters SET value = value + 1 WHERE name = 'stream' AND ?1 <> ''");
    prepare("INSERT INTO audit_logs (id, created_at, updated_at, sequence, action, owner_id, actor, request, "
            "previous_hash, hash) SELECT ?1, 0, 0, value + 1, 'account.created', ?1, 'uid:0', 'request', "
            "'0000000000000000000000000000000000000000000000000000000000000000', "
            "'0000000000000000000000000000000000000000000000000000000000000000' FROM counters WHERE name = "
            "'audit'");
    prepare("UPDATE counters SET value = value + 1 WHERE name = 'audit' AND ?1 <> ''");
    prepare("UPDATE counters SET value = value + 1 WHERE name = 'revision' AND ?1 <> ''");
  }
  ~Raw() {
    for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  void commit_rows(long rows) {
    run("BEGIN IMMEDIATE");
    for (long i = 0; i < rows; ++i) {
      const std::string name = unique_name();
      for (sqlite3_stmt* statement : statements_) {
        sqlite3_bind_text(statement, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE) fail_with(sqlite3_errmsg(database_));
        sqlite3_reset(statement);
      }
    }
    run("COMMIT");
  }

 private:
  void run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      fail_with(sqlite3_errmsg(database_));
  }
  void prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK)
      fail_with(sqlite3_errmsg(database_));
    statements_.push_back(statement);
  }

  sqlite3* database_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
};

int raw(const std::string& directory, long count, int rows) {
  Raw database(directory);
  std::vector<double> times;
  const auto begin = Clock::now();
  for (long i = 0; i < count; ++i) {
    const auto commit = Clock::now();
    database.commit_rows(rows);
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - commit).count());
  }
  print(static_cast<double>(count * rows), seconds_since(begin), times);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string what = argv[1];
  const long count = std::max(1L, std::atol(argv[3]));
  const int parallel = std::max(1, std::atoi(argv[4]));
  return what == "raw" ? raw(argv[2], count, parallel) : over_the_bus(what, argv[2], count, parallel);
}
