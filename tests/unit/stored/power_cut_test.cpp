// What was acknowledged outlives a power cut, and the tables are whole: at fifty moments of a load of
// changes, checkpoints and the first migration among them. Without syncs the same judge finds losses.
#include "alknet-stored/audit.hpp"
#include "alknet-stored/sqlite/connection.hpp"
#include "alknet-stored/worker.hpp"
#include "identity_test_base.hpp"
#include "power_cut_disk.hpp"

#include <array>
#include <future>
#include <set>

namespace alk::stored::power_cut_test {
namespace {

constexpr int cuts = 50;
constexpr int writers = 3;                 // they share commits
constexpr std::uint64_t latest_cut = 1500; // operations: some hundred commits and a dozen checkpoints
constexpr std::uint64_t first_tables = 80; // operations until the tables are made

// The engine with a checkpoint every few commits, and with syncs or without.
class HastyEngine final : public Engine {
 public:
  HastyEngine(std::unique_ptr<Engine> engine, const char* synchronous)
      : engine_(std::move(engine)), synchronous_(synchronous) {}
  std::string name() const override { return engine_->name(); }
  Result<std::unique_ptr<Connection>> open(const Place& place, Access access) override {
    ALK_TRY(auto connection, engine_->open(place, access));
    auto& sqlite = static_cast<SqliteConnection&>(*connection);
    ALK_TRY_VOID(sqlite.command("PRAGMA wal_autocheckpoint = 40"));
    ALK_TRY_VOID(sqlite.command(synchronous_));
    return connection;
  }
  Result<std::unique_ptr<Filling>> begin_filling() override { return engine_->begin_filling(); }
  Result<void> settle(const Known& known) override { return engine_->settle(known); }
  Result<void> make_tenant(const Place& place) override { return engine_->make_tenant(place); }
  Result<void> retire_tenant(const Place& place) override { return engine_->retire_tenant(place); }
  Result<void> erase_tenant(const Place& place) override { return engine_->erase_tenant(place); }
  Result<std::uint64_t> size(Transaction& system) const override { return engine_->size(system); }

 private:
  std::unique_ptr<Engine> engine_;
  const char* synchronous_;
};

class Load {
 public:
  // Accounts, one after the other by each writer, until the power is gone. Gives the ones acknowledged.
  std::set<std::string> run(Engine& engine, PowerCutDisk& disk) {
    auto worker = Worker::start(engine, Access::Write);
    if (!worker) return {}; // cut while the tables were made
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        for (int k = 0; !disk.off(); ++k)
          add(**worker, std::to_string(i) + "." + std::to_string(k) + "@example.org");
      });
    for (std::thread& thread : threads) thread.join();
    return std::move(acknowledged_);
  }

 private:
  void add(Worker& worker, const std::string& email) {
    std::promise<bool> answer;
    worker.submit(
        Place::system(),
        [email](Transaction& tables) -> Result<void> {
          ALK_TRY_VOID(create_account(tables, test_act(), {email, {}, {}, {}, {}}));
          return {};
        },
        [&answer](Result<void> done) { answer.set_value(done.has_value()); });
    if (!answer.get_future().get()) return;
    std::lock_guard lock(mutex_);
    acknowledged_.insert(email);
  }

  std::mutex mutex_;
  std::set<std::string> acknowledged_;
};

// What is wrong with the files that are found, "" for nothing.
std::string judge(const std::string& directory, const std::set<std::string>& acknowledged) {
  auto engine = make_sqlite_engine(directory);
  auto opened = (*engine)->open(Place::system(), Access::Write);
  if (!opened) return "not opened: " + opened.error().describe();
  std::string wrong;
  auto read = (*opened)->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
    auto one = [&](const char* sql) { return tables.find(sql); };
    ALK_TRY(auto integrity, one("SELECT integrity_check FROM pragma_integrity_check LIMIT 1"));
    if (integrity->text(0) != "ok") wrong += "integrity: " + integrity->text(0) + "; ";
    ALK_TRY(auto strays, one("SELECT count(*) FROM pragma_foreign_key_check"));
    if (strays->integer(0) != 0) wrong += "foreign keys; ";
    ALK_TRY(auto counts, one("SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM stream_events), "
                             "(SELECT coalesce(max(position), 0) FROM stream_events)"));
    if (counts->integer(0) != counts->integer(1) || counts->integer(0) != counts->integer(2))
      wrong += "an account without its event; ";
    ALK_TRY(auto report, verify_audit(tables));
    if (!report.intact || report.rows != counts->integer(0)) wrong += "audit: " + report.problem + "; ";
    for (const std::string& email : acknowledged) {
      ALK_TRY(auto found, tables.find("SELECT 1 FROM accounts WHERE email = ?1", {email}));
      if (!found) wrong += "lost: " + email + "; ";
    }
    return {};
  });
  return read ? wrong : wrong + "not read: " + read.error().describe();
}

struct Outcome {
  std::string wrong;
  std::size_t acknowledged = 0;
};

Outcome cut_once(unsigned seed, const char* synchronous) {
  std::mt19937 dice(seed);
  StorageDirectory before, after;
  PowerCutDisk disk;
  std::set<std::string> acknowledged;
  const std::uint64_t latest = seed % 10 == 0 ? first_tables : latest_cut;
  disk.cut_at(std::uniform_int_distribution<std::uint64_t>(1, latest)(dice));
  {
    HastyEngine engine(std::move(*make_sqlite_engine(before.path(), {disk.vfs()})), synchronous);
    acknowledged = Load().run(engine, disk);
  }
  // All of what was under way arrives, none of it, or some.
  const double survival = std::array{1.0, 0.0, 0.5, 0.9}[seed % 4];
  disk.restart_into(after.path(), dice, survival);
  return {judge(after.path(), acknowledged), acknowledged.size()};
}

TEST(PowerCut, LosesNothingThatWasAcknowledged) {
  std::size_t acknowledged = 0;
  for (unsigned seed = 1; seed <= cuts; ++seed) {
    const Outcome outcome = cut_once(seed, "PRAGMA synchronous = FULL");
    EXPECT_EQ(outcome.wrong, "") << "seed " << seed;
    acknowledged += outcome.acknowledged;
  }
  EXPECT_GT(acknowledged, cuts * 10u) << "no load";
}

TEST(PowerCut, WithoutSyncsItDoes) {
  int damaged = 0;
  for (unsigned seed = 1; seed <= cuts; ++seed)
    if (!cut_once(seed, "PRAGMA synchronous = OFF").wrong.empty()) ++damaged;
  EXPECT_GT(damaged, cuts / 4);
}

} // namespace
} // namespace alk::stored::power_cut_test
