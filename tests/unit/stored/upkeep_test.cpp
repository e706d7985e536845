// Long work on whole databases: copies, checks, the pipe that tells of them, and its end.
#include "../bus/pair.hpp"
#include "alknet-stored/sqlite/connection.hpp"
#include "alknet-stored/sqlite/copy.hpp"
#include "alknet-stored/upkeep/upkeep.hpp"
#include "alknet-stored/upkeep/whole_files.hpp"
#include "identity_test_base.hpp"
#include "loop/asio.hpp"
#include "pipe_reader.hpp"

#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace alk::stored::upkeep_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* tenant_id = "0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52";

// Runs something whenever it is told how far the work is.
class TestProgress final : public Progress {
 public:
  explicit TestProgress(std::function<Result<void>()> step = nullptr) : step_(std::move(step)) {}
  Result<void> tell(std::uint64_t done, std::uint64_t total) override {
    EXPECT_LE(done, total);
    ++told;
    return step_ ? step_() : Result<void>();
  }
  void breakable(std::function<void()> break_off) override { breakable_ = break_off != nullptr; }
  int told = 0;
  bool breakable_ = false;

 private:
  std::function<Result<void>()> step_;
};

class WholeFiles : public IdentityTest {
 protected:
  // Some MiB in the table of accounts.
  void fill(int accounts = 3000) {
    ASSERT_TRUE(write([&](Transaction& t) -> Result<void> {
      const std::string name(900, 'n');
      for (int i = 0; i < accounts; ++i)
        ALK_TRY_VOID(t.execute("INSERT INTO accounts (id, email, display_name, created_at, updated_at) "
                               "VALUES (?1, ?1, ?2, 1, 1)",
                               {"account-" + std::to_string(i), name}));
      return {};
    }));
  }
  // The accounts in a copy.
  std::int64_t accounts_in(Fd copy) {
    const std::string path = directory_.file("opened-copy.db");
    std::string bytes;
    char piece[65536];
    for (ssize_t count; (count = ::read(copy.get(), piece, sizeof piece)) > 0;)
      bytes.append(piece, static_cast<std::size_t>(count));
    std::ofstream(path, std::ios::binary) << bytes;
    auto opened = SqliteConnection::open({path, Access::Read});
    EXPECT_TRUE(opened);
    return opened ? (*opened)->pragma("SELECT count(*) FROM accounts").value_or(-1) : -1;
  }
  std::set<std::string> files() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path()))
      names.insert(entry.path().filename());
    return names;
  }
  // Overwrites the middle of a database that nobody has open.
  void damage(const std::string& name) {
    std::fstream file(directory_.file(name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0, std::ios::end);
    const auto size = static_cast<std::streamoff>(file.tellp());
    for (std::streamoff at = size / 2 / 4096 * 4096; at < size / 2 + 10 * 4096; at += 4096) {
      file.seekp(at);
      file << std::string(64, '\x7f');
    }
  }
};

class Copies : public WholeFiles {};
INSTANTIATE_TEST_SUITE_P(Files, Copies, testing::Values("sqlite"));

TEST_P(Copies, HoldWhatWasThereAtTheBeginningWhileAWriterGoesOn) {
  fill();
  int written = 0;
  TestProgress progress([&]() -> Result<void> {
    return write([&](Transaction& t) -> Result<void> {
      ALK_TRY_VOID(t.execute("INSERT INTO accounts (id, email, created_at, updated_at) VALUES (?1, ?1, 1, 1)",
                             {"late-" + std::to_string(written++)}));
      return {};
    });
  });
  const auto before = files();
  auto copied = engine_->copy(Place::system(), progress);
  ASSERT_TRUE(copied) << copied.error().describe();
  EXPECT_GT(written, 2); // it was more than a step, and no writer waited
  EXPECT_EQ(files(), before);
  EXPECT_FALSE(progress.breakable_);
  EXPECT_EQ(accounts_in(std::move(*copied)), 3000);
  EXPECT_EQ(number("SELECT count(*) FROM accounts"), 3000 + written);
}

TEST_P(Copies, EndWhenTheyAreToEnd) {
  fill();
  const auto before = files();
  TestProgress progress([] { return Result<void>(fail(Kind::Gone, "enough")); });
  auto copied = engine_->copy(Place::system(), progress);
  EXPECT_EQ(kind_of(copied), Kind::Gone);
  EXPECT_EQ(progress.told, 1);
  EXPECT_EQ(files(), before);
}

TEST_P(Copies, LeaveNothingBehindAfterAKill) {
  std::ofstream(directory_.file("copy-under-way.db")) << "half a copy";
  std::ofstream(directory_.file("copy-under-way.db-journal")) << "its log";
  engine_ = std::move(*make_sqlite_engine(directory_.path()));
  EXPECT_FALSE(files().contains("copy-under-way.db"));
  EXPECT_FALSE(files().contains("copy-under-way.db-journal"));
}

TEST_P(Copies, OfADamagedDatabaseAreRefused) {
  fill();
  system_.reset();
  damage("system.db");
  TestProgress progress;
  auto copied = engine_->copy(Place::system(), progress);
  EXPECT_EQ(kind_of(copied), Kind::Conflict);
  EXPECT_EQ(files(), std::set<std::string>{"system.db"});
}

TEST_P(Copies, OfNobodyAreNotFound) {
  TestProgress progress;
  EXPECT_EQ(kind_of(engine_->copy(*Place::tenant(tenant_id), progress)), Kind::NotFound);
  EXPECT_EQ(kind_of(engine_->inspect(*Place::tenant(tenant_id), progress)), Kind::NotFound);
}

class Checks : public WholeFiles {};
INSTANTIATE_TEST_SUITE_P(Files, Checks, testing::Values("sqlite"));

TEST_P(Checks, FindNothingWhereNothingIs) {
  fill(100);
  TestProgress progress;
  auto found = engine_->inspect(Place::system(), progress);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_THAT(*found, IsEmpty());
}

TEST_P(Checks, FindDamage) {
  fill();
  system_.reset();
  damage("system.db");
  TestProgress progress;
  auto found = engine_->inspect(Place::system(), progress);
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_FALSE(found->empty());
  EXPECT_LE(found->size(), max_findings);
  std::ofstream(directory_.file("system.db"), std::ios::binary) << std::string(8192, 'x');
  found = engine_->inspect(Place::system(), progress);
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, Contains(HasSubstr("cannot be opened")));
}

TEST_P(Checks, FindReferencesToNowhere) {
  {
    auto raw = SqliteConnection::open({directory_.file("system.db"), Access::Write});
    ASSERT_TRUE(raw);
    ASSERT_TRUE((*raw)->command("PRAGMA foreign_keys = OFF"));
    ASSERT_TRUE((*raw)->command("INSERT INTO organizations (id, name, slug, owner_id, created_at, "
                                "updated_at) VALUES ('o', 'o', 'o', 'nobody', 1, 1)"));
  }
  TestProgress progress;
  auto found = engine_->inspect(Place::system(), progress);
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, Contains(HasSubstr("a row of organizations refers to one of accounts")));
}

class PipeTest : public testing::Test {
 protected:
  PipeReader reader;
  std::atomic<bool> ending{false};
};

TEST_F(PipeTest, TakesTheEndOfAPipeAndNothingElse) {
  int sockets[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  Fd one(sockets[0]), other(sockets[1]);
  EXPECT_EQ(kind_of(Pipe::adopt(std::move(one), Pipe::End::Writing, ending)), Kind::Invalid);
  EXPECT_EQ(kind_of(Pipe::adopt(Fd(::open("/dev/null", O_WRONLY)), Pipe::End::Writing, ending)),
            Kind::Invalid);
  EXPECT_EQ(kind_of(Pipe::adopt(Fd(), Pipe::End::Writing, ending)), Kind::Invalid);
  PipeReader second;
  EXPECT_EQ(kind_of(Pipe::adopt(std::move(second.writing), Pipe::End::Reading, ending)), Kind::Invalid);
  EXPECT_TRUE(Pipe::adopt(std::move(reader.writing), Pipe::End::Writing, ending));
}

TEST_F(PipeTest, WaitsForItsReaderButNotForGood) {
  auto pipe =
      Pipe::adopt(std::move(reader.writing), Pipe::End::Writing, ending, std::chrono::milliseconds(1));
  ASSERT_TRUE(pipe);
  auto written = pipe->write(std::string(1 << 20, 'x'));
  EXPECT_EQ(kind_of(written), Kind::Gone);
  EXPECT_THAT(written.error().what, HasSubstr("does nothing"));
}

TEST_F(PipeTest, HearsThatItsReaderIsGoneAndThatItIsToEnd) {
  auto pipe = Pipe::adopt(std::move(reader.writing), Pipe::End::Writing, ending);
  ASSERT_TRUE(pipe);
  EXPECT_TRUE(pipe->write("x"));
  ending = true;
  EXPECT_EQ(kind_of(pipe->write("x")), Kind::Gone);
  ending = false;
  reader.reading.reset();
  EXPECT_EQ(kind_of(pipe->write("x")), Kind::Gone);
}

TEST_F(PipeTest, IsReadToItsEnd) {
  auto pipe = Pipe::adopt(std::move(reader.reading), Pipe::End::Reading, ending);
  ASSERT_TRUE(pipe);
  ASSERT_EQ(::write(reader.writing.get(), "abc", 3), 3);
  EXPECT_EQ(pipe->read().value_or("?"), "abc");
  reader.writing.reset();
  EXPECT_EQ(pipe->read().value_or("?"), "");
}

class UpkeepTest : public testing::Test {
 protected:
  // Whether it has ended, with what.
  Upkeep::Done note() {
    return
        [this](const Result<JsonObject>& result) { ended = result ? result->text() : result.error().what; };
  }
  void wait() {
    ASSERT_TRUE(bus::test::run_until(loop, [&] { return ended.has_value(); }));
  }
  static Result<JsonObject> wait_for_end(Report& report) {
    for (;;) ALK_TRY_VOID(report.bytes(std::string(4096, 'x')));
  }

  asio::io_context loop;
  PipeReader reader;
  std::optional<std::string> ended;
  Upkeep upkeep{loop};
};

TEST_F(UpkeepTest, TellsTheResultAtTheEnd) {
  auto job = [](Report& report) -> Result<JsonObject> {
    ALK_TRY_VOID(report.begin("system"));
    ALK_TRY_VOID(report.bytes("bytes\n"));
    return JsonObject().add("rows", std::int64_t(7));
  };
  ASSERT_TRUE(upkeep.start(std::move(reader.writing), job, note()));
  wait();
  EXPECT_EQ(ended, "{\"rows\":7}");
  EXPECT_EQ(reader.rest(),
            "#{\"progress\":\"system\",\"done\":0,\"total\":0}\nbytes\n#{\"done\":{\"rows\":7}}\n");
}

TEST_F(UpkeepTest, TellsWhatWentWrongButNotWhatIsOurs) {
  auto start = [&](Kind kind) {
    PipeReader one;
    ended.reset();
    auto job = [kind](Report&) -> Result<JsonObject> { return fail(kind, "inner words"); };
    EXPECT_TRUE(upkeep.start(std::move(one.writing), job, note()));
    wait();
    return one.rest();
  };
  EXPECT_EQ(start(Kind::Busy),
            "#{\"failed\":{\"name\":\"org.alknet.Error.Busy\",\"text\":\"inner words\"}}\n");
  EXPECT_THAT(start(Kind::Broken), testing::Not(HasSubstr("inner")));
}

TEST_F(UpkeepTest, DoesOneThingAtATime) {
  ASSERT_TRUE(upkeep.start(std::move(reader.writing), &wait_for_end, note()));
  PipeReader second;
  auto refused = upkeep.start(std::move(second.writing), &wait_for_end, note());
  EXPECT_EQ(kind_of(refused), Kind::Busy);
  reader.reading.reset(); // the first one's caller goes away
  wait();
  PipeReader third;
  ended.reset();
  EXPECT_TRUE(upkeep.start(
      std::move(third.writing), [](Report&) -> Result<JsonObject> { return JsonObject(); }, note()));
  wait();
}

TEST_F(UpkeepTest, EndsInTheMiddle) {
  ASSERT_TRUE(upkeep.start(std::move(reader.writing), &wait_for_end, note()));
  bool idle = false;
  upkeep.end([&] { idle = true; });
  wait();
  EXPECT_TRUE(idle);
  EXPECT_THAT(*ended, HasSubstr("the service ends"));
  PipeReader second;
  EXPECT_EQ(kind_of(upkeep.start(std::move(second.writing), &wait_for_end, note())), Kind::Busy);
}

TEST_F(UpkeepTest, EndsWithItsOwner) {
  auto owned = std::make_unique<Upkeep>(loop);
  ASSERT_TRUE(owned->start(std::move(reader.writing), &wait_for_end, note()));
  owned.reset();
  EXPECT_FALSE(ended);
}

// What a server's engine answers.
class NoFiles final : public Engine {
 public:
  std::string name() const override { return "none"; }
  Result<std::unique_ptr<Connection>> open(const Place&, Access) override { return fail(Kind::Broken, "x"); }
  Result<std::unique_ptr<Filling>> begin_filling() override { return fail(Kind::NotFound, "no"); }
  Result<void> settle(const Known&) override { return {}; }
  Result<void> make_tenant(const Place&) override { return {}; }
  Result<void> retire_tenant(const Place&) override { return {}; }
  Result<void> erase_tenant(const Place&) override { return {}; }
  Result<std::uint64_t> size(Transaction&) const override { return 0; }
};

TEST(EngineWithoutFiles, SaysWhatToUseInstead) {
  NoFiles engine;
  TestProgress progress;
  auto refused = engine.require_files();
  EXPECT_EQ(kind_of(refused), Kind::Unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("server's own tools"));
  EXPECT_EQ(kind_of(engine.copy(Place::system(), progress)), Kind::Unsupported);
  EXPECT_EQ(kind_of(engine.inspect(Place::system(), progress)), Kind::Unsupported);
}

} // namespace
} // namespace alk::stored::upkeep_test
