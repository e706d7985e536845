// Dumps: what a line may be, and a storage out of one engine and into another, whole or not at all.
#include "alknet-stored/events/queues.hpp"
#include "alknet-stored/graph/graph_admin.hpp"
#include "alknet-stored/outbound_credentials.hpp"
#include "alknet-stored/streams.hpp"
#include "alknet-stored/upkeep/dump.hpp"
#include "alknet-stored/upkeep/dump_line.hpp"
#include "alknet-stored/upkeep/restore.hpp"
#include "base/text.hpp"
#include "identity_test_base.hpp"
#include "pipe_reader.hpp"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>

namespace alk::stored::dump_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view line) {
  auto parsed = parse_dump_line(line);
  return parsed ? "accepted" : parsed.error().what;
}

TEST(DumpLine, IsReadAsItWasWritten) {
  auto header = parse_dump_line(trim(dump_header_line({1, "1.2.3", 1700000000})));
  ASSERT_TRUE(header);
  EXPECT_EQ(std::get<DumpHeader>(*header).release, "1.2.3");
  auto section = parse_dump_line(trim(dump_section_line(Place::system())));
  ASSERT_TRUE(section);
  EXPECT_TRUE(std::get<DumpSection>(*section).place.is_system());
  auto end = parse_dump_line(trim(dump_end_line({7})));
  ASSERT_TRUE(end);
  EXPECT_EQ(std::get<DumpEnd>(*end).rows, 7);
  const DumpTable* table = find_dump_table("jobs");
  ASSERT_NE(table, nullptr);
  const Row row({1, "q", "{\"a\":\"\xc3\xa4\\n\"}", "pending", INT64_MIN, INT64_MAX, Value(), Value(), 0, 3,
                 5, Value()});
  auto read = parse_dump_line(trim(dump_row_line(*table, row)));
  ASSERT_TRUE(read) << read.error().what;
  const auto& values = std::get<DumpRow>(*read).values;
  for (std::size_t i = 0; i < table->columns.size(); ++i)
    EXPECT_EQ(Row(values).text_if(i), row.text_if(i)) << table->columns[i].name;
  EXPECT_EQ(Row(values).integer(4), INT64_MIN);
}

TEST(DumpLine, SaysWhatIsWrongWhere) {
  const std::string counter = R"({"table":"counters","row":)";
  EXPECT_EQ(refusal(counter + R"({"name":"audit","value":1}})"), "accepted");
  EXPECT_EQ(refusal(counter + R"({"name":"audit"}})"), "/row/value: is missing");
  EXPECT_THAT(refusal(counter + R"({"name":"audit","value":1.5}})"),
              StartsWith("/row/value: is not a whole"));
  EXPECT_THAT(refusal(counter + R"({"name":"audit","value":9223372036854775808}})"),
              StartsWith("/row/value: "));
  EXPECT_THAT(refusal(counter + R"({"name":"audit","value":"1"}})"), StartsWith("/row/value: "));
  EXPECT_EQ(refusal(counter + R"({"name":7,"value":1}})"), "/row/name: is not a text");
  EXPECT_EQ(refusal(counter + R"({"name":null,"value":1}})"), "/row/name: is not a text");
  EXPECT_EQ(refusal(counter + R"({"name":"a\u0000b","value":1}})"), "/row/name: holds a NUL character");
  EXPECT_EQ(refusal(counter + R"({"name":"a","value":1,"a/b":2}})"), "/row/a~1b: is not known");
  EXPECT_EQ(refusal(counter + R"({"name":"a","value":1},"more":1})"), "/more: is not known");
  EXPECT_EQ(refusal(counter + "7}"), "/row: is not an object");
  EXPECT_EQ(refusal(R"({"table":"sqlite_schema","row":{}})"), "/table: no such table");
  EXPECT_EQ(refusal(R"({"table":"notifications","row":{}})"), "/table: no such table");
  EXPECT_EQ(refusal(R"({"table":["counters"],"row":{}})"), "/table: is not a text");
  const std::string node =
      R"({"table":"nodes","row":{"id":"i","metadata":"{}","created_at":1,"updated_at":1,"graph_id":"g","key":"k","attributes":)";
  EXPECT_EQ(refusal(node + R"("{\"a\":1}"}})"), "accepted");
  EXPECT_THAT(refusal(node + R"("{\"a\":}"}})"), StartsWith("/row/attributes: "));
  EXPECT_EQ(refusal(node + "\"" + std::string(max_value + 1, '1') + "\"}}"),
            "/row/attributes: is longer than 1 MiB");
  EXPECT_THAT(refusal(R"({"database":"../../etc/passwd"})"), StartsWith("/database: "));
  EXPECT_THAT(refusal(R"({"database":"tenant-0B0E6D5E-90AA-4C39-8A3F-0A4F9C3F1D52"})"),
              StartsWith("/database: "));
  EXPECT_THAT(refusal(R"({"alknet_dump":1,"release":"x"})"), StartsWith("/made_at: "));
  EXPECT_THAT(refusal(R"({"end":-1.0})"), StartsWith("/end: "));
  for (const char* line : {"", "[]", "7", "{", "{}", "{\"end\":1}{}", "\xff", "{\"end\":1,\"end\":1}"})
    EXPECT_NE(refusal(line), "accepted") << line;
}

TEST(DumpTables, KnowEveryColumnOfTheSchema) {
  StorageDirectory directory;
  auto engine = std::move(*make_sqlite_engine(directory.path()));
  auto system = engine->open(Place::system(), Access::Write);
  ASSERT_TRUE(system);
  auto done = (*system)->transact(Access::Read, [&](Transaction& t) -> Result<void> {
    ALK_TRY(const Rows tables, t.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"));
    EXPECT_EQ(tables.size(), dump_tables().size() + 1);
    for (const Row& row : tables) {
      const DumpTable* table = find_dump_table(row.text(0));
      EXPECT_EQ(table == nullptr, row.text(0) == "notifications") << row.text(0);
      if (table == nullptr) continue;
      ALK_TRY(const Rows columns,
              t.query("SELECT name, type, \"notnull\" FROM pragma_table_info(?1)", {row.text(0)}));
      EXPECT_EQ(columns.size(), table->columns.size()) << table->name;
      for (const Row& column : columns) {
        auto known = std::find_if(table->columns.begin(), table->columns.end(),
                                  [&](const DumpColumn& one) { return one.name == column.text(0); });
        if (known == table->columns.end()) {
          ADD_FAILURE() << table->name << "." << column.text(0);
          continue;
        }
        EXPECT_EQ(known->holds == Holds::Number, column.text(1) == "INTEGER") << known->name;
        EXPECT_EQ(known->nullable, !column.truth(2)) << table->name << "." << known->name;
      }
    }
    return {};
  });
  EXPECT_TRUE(done) << done.error().describe();
}

// A storage that nobody has used yet.
struct Fresh {
  explicit Fresh(std::string_view kind) {
    if (kind == "postgresql") place.emplace();
    auto made = place ? place->engine() : make_sqlite_engine(directory.path());
    if (!made) std::abort();
    engine = std::move(*made);
    if (!engine->open(Place::system(), Access::Write)) std::abort();
  }
  std::int64_t count(const std::string& table) {
    auto opened = engine->open(Place::system(), Access::Read);
    std::int64_t rows = -1;
    (void)(*opened)->transact(Access::Read, [&](Transaction& t) -> Result<void> {
      ALK_TRY(auto row, t.find("SELECT count(*) FROM " + table));
      rows = row->integer(0);
      return {};
    });
    return rows;
  }
  StorageDirectory directory;
  std::optional<ServerPlace> place;
  std::unique_ptr<Engine> engine;
};

class DumpTest : public IdentityTest {
 protected:
  // Something in every table.
  void fill() {
    const Account ada = make_account("ada@example.org", {"a:b"});
    make_account("bob@example.org");
    ASSERT_TRUE(add_key(std::string(first_key) + " \"quoted\" \xc3\xa4\xf0\x9f\x94\x91"));
    auto org = run([&](Transaction& t) {
      return create_organization(t, test_act(), "Acme \\ \"Ltd.\"", "acme", "ada@example.org");
    });
    ASSERT_TRUE(org) << org.error().describe();
    tenant = org->id;
    const std::string key =
        "INSERT INTO api_keys (id, owner_id, key_hash, prefix, rotated_to_id, created_at, "
        "updated_at) VALUES (?1, ?2, ?1, 'alk_1234', ?3, 1, 1)";
    ASSERT_TRUE(execute(key, {"key-2", ada.id, Value()}));
    ASSERT_TRUE(execute(key, {"key-1", ada.id, "key-2"})); // refers to a later one
    ASSERT_TRUE(
        execute("INSERT INTO outbound_credentials (id, name, consumer, key_version, salt, iv, data, "
                "created_at, updated_at) VALUES ('o', 'proxy', 'alknet-listend', 2, 's', 'i', 'd', 1, 1)"));
    ASSERT_TRUE(
        execute("INSERT INTO jobs (id, queue, payload, state, priority, run_at, attempts, max_attempts, "
                "created_at) VALUES (1, 'q', ?1, 'pending', -3, 1, 0, 3, 1)",
                {std::string("tab\tnew\nline \x01")}));
    ASSERT_TRUE(
        execute("INSERT INTO dead_jobs (id, queue, payload, priority, run_at, attempts, max_attempts, "
                "last_error, created_at, died_at) VALUES (2, 'q', '{}', 0, 1, 3, 3, 'why', 1, 2)"));
    ASSERT_TRUE(execute("UPDATE counters SET value = 2 WHERE name = 'job'"));
    ASSERT_TRUE(write([&](Transaction& t) -> Result<void> {
      ALK_TRY_VOID(save_position(t, "reader", "accounts:created", 1));
      return {};
    }));
    ASSERT_TRUE(run([&](Transaction& t) { return prune_audit(t, test_act(), 1); }));
    fill_tenant();
  }
  // More rows than a page.
  void fill_tenant() {
    const Place place = *Place::tenant(tenant);
    ASSERT_TRUE(engine_->make_tenant(place));
    auto opened = engine_->open(place, Access::Write);
    ASSERT_TRUE(opened);
    SchemaCache schemas;
    auto done = (*opened)->transact(Access::Write, [&](Transaction& t) -> Result<void> {
      const char* type = R"({"name":"t","config":{"graph_type":"directed"},"node_types":[{"name":"n"}],)"
                         R"("edge_types":[{"name":"e"}]})";
      ALK_TRY_VOID(put_graph_type(t, test_act(), type));
      Graph graph;
      graph.name = "g";
      ALK_TRY(const GraphType made, find_graph_type(t, "t"));
      graph.graph_type_id = made.id;
      ALK_TRY_VOID(make_graph(t, test_act(), graph));
      const char* whole = R"({"nodes":[{"key":"a","type":"n","attributes":{"x":"\u00e4 1.50"}},)"
                          R"({"key":"b","type":"n"}],"edges":[{"source":"a","target":"b","type":"e"}]})";
      ALK_TRY_VOID(replace_graph(t, test_act(), schemas, "g", whole));
      for (int i = 0; i < 2 * rows_per_page + 3; ++i)
        ALK_TRY_VOID(publish(t, "nodes:created", "k" + std::to_string(i), "{}", 1));
      return {};
    });
    ASSERT_TRUE(done) << done.error().describe();
  }

  // What goes through the report's pipe.
  template <class Job>
  Result<JsonObject> reporting(std::string& said, Job job) {
    PipeReader pipe;
    std::thread reading([&] { said = pipe.rest(); });
    Result<JsonObject> result = [&] {
      Report report(std::move(*Pipe::adopt(std::move(pipe.writing), Pipe::End::Writing, ending)));
      return job(report);
    }();
    reading.join();
    return result;
  }
  std::string dump(Engine& engine) {
    std::string said, lines;
    auto done = reporting(said, [&](Report& report) { return dump_all(engine, report, 1700000000); });
    EXPECT_TRUE(done) << done.error().describe();
    for (std::string_view line : split(said, '\n'))
      if (!line.empty() && line[0] != '#') lines += std::string(line) + "\n";
    return lines;
  }
  Result<JsonObject> restore(Engine& engine, const std::string& lines) {
    std::string said;
    PipeReader source;
    std::thread writing([&] {
      for (std::string_view rest = lines; !rest.empty();) {
        const ssize_t count =
            ::write(source.writing.get(), rest.data(), std::min<std::size_t>(rest.size(), 777));
        if (count <= 0) break; // refused
        rest.remove_prefix(static_cast<std::size_t>(count));
      }
      source.writing.reset();
    });
    auto done = reporting(said, [&](Report& report) {
      Pipe pipe = std::move(*Pipe::adopt(std::move(source.reading), Pipe::End::Reading, ending));
      Act act = test_act();
      act.actor = "uid:7";
      return restore_all(engine, report, std::move(pipe), act);
    });
    writing.join();
    return done;
  }
  // The same, but for the row that says so and the numbers of rows.
  static void expect_restored(const std::string& before, const std::string& after) {
    auto sorted = [](const std::string& lines) {
      std::vector<std::string> list;
      for (std::string_view line : split(lines, '\n')) list.emplace_back(line);
      std::sort(list.begin(), list.end());
      return list;
    };
    const auto old = sorted(before), fresh = sorted(after);
    std::vector<std::string> gone, come;
    std::set_difference(old.begin(), old.end(), fresh.begin(), fresh.end(), std::back_inserter(gone));
    std::set_difference(fresh.begin(), fresh.end(), old.begin(), old.end(), std::back_inserter(come));
    const auto numbers = [](const char* word) { return HasSubstr(word); };
    EXPECT_THAT(gone, testing::UnorderedElementsAre(numbers("{\"name\":\"audit\""), numbers("{\"end\":")));
    EXPECT_THAT(come, testing::UnorderedElementsAre(numbers("{\"name\":\"audit\""), numbers("{\"end\":"),
                                                    testing::AllOf(HasSubstr("\"storage.restored\""),
                                                                   HasSubstr("\"actor\":\"uid:7\""),
                                                                   HasSubstr("{\\\"rows\\\":"))));
  }
  // Refused with these words, and nothing is there; afterwards the right dump still can be restored.
  void refused(const std::string& lines, const std::string& words) {
    Fresh other(GetParam());
    auto done = restore(*other.engine, lines);
    ASSERT_FALSE(done) << words;
    EXPECT_THAT(done.error().what, HasSubstr(words));
    EXPECT_THAT(done.error().trail, testing::IsEmpty());
    for (const char* table : {"accounts", "audit_logs", "stream_events", "api_keys"})
      EXPECT_EQ(other.count(table), 0) << table;
    EXPECT_EQ(other.count("counters"), 5);
    EXPECT_EQ(kind_of(other.engine->open(*Place::tenant(tenant), Access::Read)), Kind::NotFound);
  }
  static std::string with(std::string lines, const std::string& old, const std::string& fresh) {
    const auto at = lines.find(old);
    EXPECT_NE(at, lines.npos) << old;
    return at == lines.npos ? lines : lines.replace(at, old.size(), fresh);
  }

  std::atomic<bool> ending{false};
  std::string tenant;
};

TEST_P(DumpTest, GoesIntoEveryEngineAndComesOutTheSame) {
  fill();
  const std::string lines = dump(*engine_);
  for (const DumpTable& table : dump_tables())
    EXPECT_THAT(lines, HasSubstr("{\"table\":\"" + table.name + "\"")) << "nothing in it";
  EXPECT_THAT(lines, StartsWith("{\"alknet_dump\":1,\"release\":\""));
  for (const char* kind : engines()) {
    Fresh other(kind);
    auto done = restore(*other.engine, lines);
    ASSERT_TRUE(done) << kind << ": " << done.error().describe();
    expect_restored(lines, dump(*other.engine));
    EXPECT_THAT(done->text(), HasSubstr("\"audit_rows\":"));
    auto opened = other.engine->open(Place::system(), Access::Read);
    EXPECT_TRUE((*opened)->transact(Access::Read, [&](Transaction& t) -> Result<void> {
      ALK_TRY(const AuditReport audit, verify_audit(t));
      EXPECT_TRUE(audit.intact) << audit.problem;
      EXPECT_THAT(done->text(), HasSubstr(anchor_text(audit.head)));
      return {};
    }));
    auto again = restore(*other.engine, lines);
    EXPECT_EQ(kind_of(again), Kind::Conflict);
    EXPECT_THAT(again.error().what, HasSubstr("not empty, it has accounts"));
  }
}

TEST_P(DumpTest, IsNoticedWhenItWasCut) {
  fill();
  const std::string lines = dump(*engine_);
  const auto newline = [&](double part) {
    return lines.find('\n', static_cast<std::size_t>(static_cast<double>(lines.size()) * part));
  };
  refused("", "cut");
  refused(lines.substr(0, 20), "line 1: is not complete");
  for (double part : {0.0, 0.2, 0.5, 0.8}) refused(lines.substr(0, newline(part) + 1), "it was cut");
  refused(lines.substr(0, lines.size() - 1), "is not complete");
  refused(lines.substr(0, lines.rfind("{\"end\"")), "it was cut");
}

TEST_P(DumpTest, IsRefusedWhenItIsNotRight) {
  fill();
  const std::string lines = dump(*engine_);
  refused(with(lines, "\"alknet_dump\":1", "\"alknet_dump\":2"), "version 2");
  refused(with(lines, "\"alknet_dump\":1", "\"x\":1"), "line 1: ");
  refused(lines.substr(lines.find('\n') + 1), "line 1: not the beginning");
  refused(with(lines, "{\"table\":\"graph_types\"", "nonsense\n{\"table\":\"graph_types\""), "line 3: ");
  refused(with(lines, "{\"end\":", "{\"end\":1"), "/end: says");
  refused(lines + "{}\n", "something follows the end");
  refused(with(lines, "\"email\":\"bob@example.org\"", "\"email\":\"ada@example.org\""),
          "/row: it exists already");
  refused(with(lines, "\"access_level\":\"user\"", "\"access_level\":\"root\""),
          "/row: a value that the tables");
  refused(with(lines, "\"graph_id\":\"", "\"graph_id\":\"x"), "refers to does not exist");
  refused(with(lines, "\"actor\":\"uid:0\"", "\"actor\":\"uid:9\""),
          "the audit log is not intact from row 2 on");
  const auto system = lines.find("{\"database\":\"system\"}");
  refused(lines.substr(0, system) +
              with(lines.substr(system), "{\"name\":\"audit\",\"value\":", "{\"name\":\"audit\",\"value\":9"),
          "audit log is not intact");
  refused(with(lines, "{\"name\":\"job\",\"value\":2}", "{\"name\":\"job\",\"value\":1}"),
          "\"job\" is missing or too low");
  refused(with(lines, "{\"name\":\"stream\",\"value\":", "{\"name\":\"stream\",\"value\":-"),
          "\"stream\" is missing");
  refused(with(lines, "{\"database\":\"system\"}", "{\"database\":\"system\"}\n{\"database\":\"system\"}"),
          "end of the dump");
  refused(with(lines, "{\"table\":\"graph_types\"",
               "{\"table\":\"accounts\",\"row\":{}}\n{\"table\":\"graph_types\""),
          "line 3: /row/id: is missing");
}

TEST_P(DumpTest, HasNoGraphsOfStrangers) {
  fill();
  const std::string lines = dump(*engine_);
  const std::string stranger = "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52";
  refused(with(lines, "tenant-" + tenant, "tenant-" + stranger), "of an organisation that it does not have");
  Fresh other(GetParam());
  ASSERT_TRUE(other.engine->make_tenant(*Place::tenant(tenant)));
  auto done = restore(*other.engine, lines);
  EXPECT_EQ(kind_of(done), Kind::Conflict);
  EXPECT_THAT(done.error().what, HasSubstr("does not know"));
  EXPECT_TRUE(other.engine->open(*Place::tenant(tenant), Access::Read)); // left as it was
}

TEST_P(DumpTest, EndsWhenItsReaderGoes) {
  fill();
  PipeReader pipe;
  Report report(std::move(*Pipe::adopt(std::move(pipe.writing), Pipe::End::Writing, ending)));
  pipe.reading.reset();
  EXPECT_EQ(kind_of(dump_all(*engine_, report, 1)), Kind::Gone);
}

ON_EVERY_ENGINE(DumpTest);

} // namespace
} // namespace alk::stored::dump_test
