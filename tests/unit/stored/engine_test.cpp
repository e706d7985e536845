// What every engine promises behind the seam (sql/*.hpp).
#include "engine_test_base.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

namespace alk::stored::engine_test {
namespace {

constexpr const char* tenant_id = "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52";
constexpr const char* insert = "INSERT INTO stream_consumers (name, topic, position) VALUES (?1, ?2, ?3)";
constexpr const char* count = "SELECT count(*) FROM stream_consumers";

class EngineSeam : public EngineTest {};
ON_EVERY_ENGINE(EngineSeam);

Kind kind_of(const Result<void>& result) {
  EXPECT_FALSE(result);
  return result ? Kind::Broken : result.error().kind;
}

TEST_P(EngineSeam, ValuesComeBackAsTheyWere) {
  const std::string odd = "'; DROP TABLE accounts; -- \xc3\xa9\n\"";
  ASSERT_TRUE(execute(insert, {odd, "t", std::int64_t{1} << 62}));
  EXPECT_EQ(text("SELECT name FROM stream_consumers"), odd);
  EXPECT_EQ(number("SELECT position FROM stream_consumers WHERE name = ?1", {odd}), std::int64_t{1} << 62);
  EXPECT_EQ(number("SELECT count(*) FROM accounts"), 0);
}

TEST_P(EngineSeam, NullIsNull) {
  ASSERT_TRUE(execute("INSERT INTO stream_events (position, topic, key, payload, created_at) "
                      "VALUES (1, 't', ?1, '{}', 0)",
                      {std::nullopt}));
  auto done = system_->transact(Access::Read, [](Transaction& tables) -> Result<void> {
    ALK_TRY(auto row, tables.find("SELECT key, topic FROM stream_events"));
    EXPECT_TRUE(row && row->is_null(0) && !row->text_if(0));
    EXPECT_EQ(row->text_if(1), "t");
    return {};
  });
  EXPECT_TRUE(done);
}

TEST_P(EngineSeam, RefusesTextThatIsNone) {
  EXPECT_EQ(kind_of(execute(insert, {std::string("a\0b", 3), "t", 1})), Kind::Invalid);
  EXPECT_EQ(kind_of(execute(insert, {"\xff", "t", 1})), Kind::Invalid);
  EXPECT_EQ(kind_of(execute(insert, {std::string(max_value + 1, 'a'), "t", 1})), Kind::Invalid);
  EXPECT_TRUE(
      execute("INSERT INTO stream_events (position, topic, payload, created_at) VALUES (1, 't', ?1, 0)",
              {std::string(max_value, 'a')}));
}

TEST_P(EngineSeam, ConstraintsHaveTheirKinds) {
  ASSERT_TRUE(execute(insert, {"a", "t", 1}));
  EXPECT_EQ(kind_of(execute(insert, {"a", "t", 2})), Kind::Conflict);
  EXPECT_EQ(kind_of(execute("INSERT INTO organizations (id, name, slug, owner_id, created_at, updated_at) "
                            "VALUES ('1', 'n', 's', 'nobody', 0, 0)")),
            Kind::Conflict);
  EXPECT_EQ(kind_of(execute("INSERT INTO accounts (id, email, status, created_at, updated_at) "
                            "VALUES ('1', 'e', 'asleep', 0, 0)")),
            Kind::Invalid);
  EXPECT_EQ(kind_of(execute(insert, {"a", std::nullopt, 1})), Kind::Invalid);
  EXPECT_EQ(kind_of(execute(insert, {"b", "t", "no number"})), Kind::Invalid);
  EXPECT_EQ(kind_of(execute("SELEKT")), Kind::Broken);
  EXPECT_EQ(kind_of(execute(insert, {"b"})), Kind::Broken);
  EXPECT_EQ(number(count), 1);
}

TEST_P(EngineSeam, CascadesAndReturningWork) {
  ASSERT_TRUE(execute("INSERT INTO graph_types (id, name, config, created_at, updated_at) "
                      "VALUES ('t', 'n', '{}', 0, 0)"));
  ASSERT_TRUE(execute("INSERT INTO node_types (id, graph_type_id, name, schema, created_at, updated_at) "
                      "VALUES ('x', 't', 'n', '{}', 0, 0)"));
  ASSERT_TRUE(write([](Transaction& tables) -> Result<void> {
    ALK_TRY(auto row,
            tables.find("UPDATE counters SET value = value + 1 WHERE name = ?1 RETURNING value", {"stream"}));
    EXPECT_EQ(row->integer(0), 1);
    ALK_TRY(auto gone, tables.execute("DELETE FROM graph_types"));
    EXPECT_EQ(gone, 1u);
    ALK_TRY(auto none, tables.execute("DELETE FROM graph_types"));
    EXPECT_EQ(none, 0u);
    return {};
  }));
  EXPECT_EQ(number("SELECT count(*) FROM node_types"), 0);
}

TEST_P(EngineSeam, AFailedTransactionLeavesNothing) {
  EXPECT_EQ(kind_of(write([](Transaction& tables) -> Result<void> {
              ALK_TRY_VOID(tables.execute(insert, {"a", "t", 1}));
              return fail(Kind::Denied, "no");
            })),
            Kind::Denied);
  EXPECT_EQ(number(count), 0);
}

TEST_P(EngineSeam, OneOfSeveralWorksFailsAlone) {
  auto put = [](const char* name) {
    return [name](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.execute(insert, {name, "t", 1}));
      return {};
    };
  };
  const std::vector<Work> works = {put("a"), put("a"), put("b")};
  auto answers = system_->transact_each(works);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[0]);
  EXPECT_EQ(kind_of(answers[1]), Kind::Conflict);
  EXPECT_TRUE(answers[2]);
  EXPECT_EQ(number(count), 2);
  EXPECT_TRUE(system_->transact_each({}).empty());
}

TEST_P(EngineSeam, AVisitorMayStopFailAndAsk) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(execute(insert, {name, "t", 1}));
  auto done = system_->transact(Access::Read, [](Transaction& tables) -> Result<void> {
    constexpr const char* all = "SELECT name FROM stream_consumers ORDER BY name";
    std::string seen;
    ALK_TRY_VOID(tables.each(all, {}, [&](const Row& row) -> Result<bool> {
      ALK_TRY(auto inner, tables.query(all)); // the same statement, while it runs
      EXPECT_EQ(inner.size(), 3u);
      seen += row.text(0);
      return seen.size() < 2;
    }));
    EXPECT_EQ(seen, "ab");
    return tables.each(all, {}, [](const Row&) -> Result<bool> { return fail(Kind::Gone, "enough"); });
  });
  EXPECT_EQ(kind_of(done), Kind::Gone);
}

TEST_P(EngineSeam, ReadersSeeWhatIsCommittedAndChangeNothing) {
  auto reader = engine_->open(Place::system(), Access::Read);
  ASSERT_TRUE(reader);
  auto inside = (*reader)->transact(Access::Read, [&](Transaction& view) -> Result<void> {
    ALK_TRY(auto before, view.find(count));
    EXPECT_TRUE(execute(insert, {"a", "t", 1}));
    ALK_TRY(auto still, view.find(count));
    EXPECT_EQ(before->integer(0), still->integer(0));
    return {};
  });
  EXPECT_TRUE(inside);
  auto write = [](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.execute(insert, {"b", "t", 1}));
    return {};
  };
  EXPECT_EQ(kind_of((*reader)->transact(Access::Write, write)), Kind::Broken);
  EXPECT_EQ(kind_of((*reader)->transact(Access::Read, write)), Kind::Broken);
  EXPECT_EQ(number(count), 1);
}

TEST_P(EngineSeam, TenantsAreMadeRetiredAndErased) {
  auto place = Place::tenant(tenant_id);
  ASSERT_TRUE(place);
  EXPECT_EQ(engine_->open(*place, Access::Write).error().kind, Kind::NotFound);
  ASSERT_TRUE(engine_->make_tenant(*place));
  EXPECT_EQ(kind_of(engine_->make_tenant(*place)), Kind::Conflict);
  EXPECT_EQ(kind_of(engine_->erase_tenant(*place)), Kind::NotFound); // in use
  {
    auto tenant = engine_->open(*place, Access::Write);
    ASSERT_TRUE(tenant);
    auto none = (*tenant)->transact(Access::Read, [](Transaction& tables) -> Result<void> {
      ALK_TRY_VOID(tables.query("SELECT * FROM accounts")); // the system's alone
      return {};
    });
    EXPECT_EQ(kind_of(none), Kind::Broken);
  }
  ASSERT_TRUE(engine_->retire_tenant(*place));
  EXPECT_EQ(engine_->open(*place, Access::Read).error().kind, Kind::NotFound);
  EXPECT_EQ(kind_of(engine_->make_tenant(*place)), Kind::Conflict);
  ASSERT_TRUE(engine_->erase_tenant(*place));
  EXPECT_EQ(kind_of(engine_->erase_tenant(*place)), Kind::NotFound);
  EXPECT_TRUE(engine_->make_tenant(*place));
}

Work putting(const std::string& name) {
  return [name](Transaction& tables) -> Result<void> {
    ALK_TRY_VOID(tables.execute(insert, {name, "t", 1}));
    return {};
  };
}

class Fillings : public EngineTest {
 protected:
  std::int64_t rows_of_tenant() {
    auto tenant = engine_->open(place, Access::Read);
    if (!tenant) return -static_cast<std::int64_t>(tenant.error().kind) - 1;
    std::int64_t rows = 0;
    auto done = (*tenant)->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
      ALK_TRY(auto row, tables.find(count));
      rows = row->integer(0);
      return {};
    });
    EXPECT_TRUE(done);
    return rows;
  }
  // Another process does it on the same storage and ends as by kill -9.
  template <class Do>
  void in_a_process_that_dies(Do work) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto engine = place_ ? place_->engine() : make_sqlite_engine(directory_.path());
      if (engine) work(**engine);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  static Result<bool> unknown(const Place&) { return false; }
  static constexpr std::int64_t not_there = -static_cast<std::int64_t>(Kind::NotFound) - 1;

  const Place place = *Place::tenant(tenant_id);
};
ON_EVERY_ENGINE(Fillings);

TEST_P(Fillings, AreThereWithTheCommitOfTheSystem) {
  auto filling = engine_->begin_filling();
  ASSERT_TRUE(filling);
  ASSERT_TRUE((*filling)->tenant(place, putting("a")));
  EXPECT_LT(rows_of_tenant(), 0);
  ASSERT_TRUE((*filling)->system(putting("b")));
  EXPECT_EQ(rows_of_tenant(), 1);
  EXPECT_EQ(number(count), 1);
  filling->reset();
  ASSERT_TRUE(engine_->settle(unknown));
  EXPECT_EQ(rows_of_tenant(), 1);
  EXPECT_EQ(kind_of(engine_->make_tenant(place)), Kind::Conflict);
  EXPECT_EQ(kind_of((*engine_->begin_filling())->tenant(place, putting("c"))), Kind::Conflict);
  EXPECT_EQ(rows_of_tenant(), 1);
}

TEST_P(Fillings, ThatFailLeaveNothing) {
  auto denied = [](Transaction&) -> Result<void> { return fail(Kind::Denied, "no"); };
  {
    auto filling = std::move(*engine_->begin_filling());
    EXPECT_EQ(kind_of(filling->tenant(place, denied)), Kind::Denied);
  }
  EXPECT_EQ(rows_of_tenant(), not_there);
  {
    auto filling = std::move(*engine_->begin_filling());
    ASSERT_TRUE(filling->tenant(place, putting("a")));
    EXPECT_EQ(kind_of(filling->system(denied)), Kind::Denied);
  }
  EXPECT_EQ(rows_of_tenant(), not_there);
  EXPECT_TRUE(engine_->make_tenant(place));
}

TEST_P(Fillings, ThatWereKilledAreSettled) {
  auto in_the_middle = [this](Engine& engine) {
    auto filling = std::move(*engine.begin_filling());
    (void)filling->tenant(place, [](Transaction& tables) -> Result<void> {
      (void)tables.execute(insert, {"a", "t", 1});
      ::_exit(0);
    });
  };
  auto after_the_tenant = [this](Engine& engine) {
    auto filling = std::move(*engine.begin_filling());
    (void)filling->tenant(place, putting("a"));
    ::_exit(0);
  };
  in_a_process_that_dies(in_the_middle);
  EXPECT_LT(rows_of_tenant(), 0);
  ASSERT_TRUE(engine_->settle(unknown));
  EXPECT_EQ(rows_of_tenant(), not_there);
  in_a_process_that_dies(after_the_tenant);
  ASSERT_TRUE(engine_->settle(unknown));
  EXPECT_EQ(rows_of_tenant(), not_there);
  auto filling = std::move(*engine_->begin_filling());
  ASSERT_TRUE(filling->tenant(place, putting("b")));
  ASSERT_TRUE(filling->system(putting("b")));
  EXPECT_EQ(rows_of_tenant(), 1);
}

TEST(Place, TakesOnlyOurIds) {
  EXPECT_TRUE(Place::tenant(tenant_id));
  for (const char* wrong : {"", "system", "../../../etc/passwd", "0B0E6D5E-90AA-4C39-8A3F-0A4F9C3F1D52",
                            "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d5", "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52/",
                            "0b0e6d5e.90aa-4c39-8a3f-0a4f9c3f1d52", "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1dg2"})
    EXPECT_EQ(Place::tenant(wrong).error().kind, Kind::Invalid) << wrong;
}

} // namespace
} // namespace alk::stored::engine_test
