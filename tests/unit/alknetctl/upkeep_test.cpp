// What alknet-stored says through a pipe, and the directory that a backup is written into.
#include "backup_directory.hpp"
#include "report_stream.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknetctl::upkeep_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Heard {
  std::vector<std::string> lines;
  std::string bytes;
  Result<Json> result;
};

// All of `said` in one piece, or byte by byte: the pipe does not keep pieces apart.
Heard hear(const std::string& said) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  Fd reading(ends[0]), writing(ends[1]);
  EXPECT_LT(said.size(), 60000u); // what a pipe takes
  EXPECT_EQ(::write(writing.get(), said.data(), said.size()), static_cast<ssize_t>(said.size()));
  writing.reset();
  Heard heard;
  auto line = [&](const Json& one) -> Result<void> {
    heard.lines.push_back(one.dump());
    return {};
  };
  auto bytes = [&](std::string_view some) -> Result<void> {
    heard.bytes += some;
    return {};
  };
  heard.result = ReportStream(std::move(reading)).read({line, bytes});
  return heard;
}

TEST(ReportStream, KeepsLinesAndBytesApart) {
  auto heard = hear(
      "#{\"progress\":\"system\",\"done\":1,\"total\":2}\n#{\"file\":\"system.db\",\"bytes\":6}\n#\n\n{}#"
      "#{\"done\":{\"files\":1}}\n");
  ASSERT_TRUE(heard.result) << heard.result.error().describe();
  EXPECT_EQ(heard.result->dump(), "{\"files\":1}");
  EXPECT_EQ(heard.bytes, "#\n\n{}#");
  EXPECT_EQ(heard.lines.size(), 2u);
  heard = hear("a line\n#{\"x\":1}\nanother\n#{\"done\":{}}\n");
  ASSERT_TRUE(heard.result);
  EXPECT_EQ(heard.bytes, "a line\nanother\n");
  EXPECT_THAT(heard.lines, ElementsAre("{\"x\":1}"));
}

TEST(ReportStream, PassesOnWhatWentWrong) {
  auto heard = hear("#{\"failed\":{\"name\":\"org.alknet.Error.Busy\",\"text\":\"storage full\"}}\n");
  ASSERT_FALSE(heard.result);
  EXPECT_EQ(heard.result.error().kind, Kind::Busy);
  EXPECT_EQ(heard.result.error().what, "storage full");
}

TEST(ReportStream, NoticesAnEndInTheMiddle) {
  for (const char* said : {"", "#{\"progress\":\"system\"}\n", "#{\"file\":\"a\",\"bytes\":9}\nabc",
                           "#{\"done\":{}}", "a line\n", "half a li"}) {
    auto heard = hear(said);
    ASSERT_FALSE(heard.result) << said;
    EXPECT_EQ(heard.result.error().kind, Kind::Gone) << said;
  }
}

TEST(ReportStream, UnderstandsNothingElse) {
  for (const char* said :
       {"#\n", "#[]\n", "#{\n", "#{\"done\":{}}\n#{\"done\":{}}\n", "#{\"done\":{}}\nmore\n",
        "#{\"file\":\"a\",\"bytes\":-1}\n", "#{\"file\":\"a\",\"bytes\":\"9\"}\n"}) {
    auto heard = hear(said);
    ASSERT_FALSE(heard.result) << said;
    EXPECT_EQ(heard.result.error().kind, Kind::Broken) << said;
  }
}

TEST(BackupDirectory, IsThereWhenItIsComplete) {
  Scratch scratch;
  {
    auto made = BackupDirectory::make(scratch / "copy/");
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_FALSE(std::filesystem::exists(scratch / "copy"));
    ASSERT_TRUE(made->begin_file("system.db"));
    ASSERT_TRUE(made->write("abc"));
    ASSERT_TRUE(made->begin_file("tenant-0b0e6d5e-90aa-4c39-8a3f-0a4f9c3f1d52.db"));
    ASSERT_TRUE(made->commit()) << made->commit().error().describe();
  }
  EXPECT_EQ(scratch.read("copy/system.db"), "abc");
  struct stat facts {};
  ASSERT_EQ(::stat((scratch / "copy").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((scratch / "copy/system.db").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(scratch.files(), 1u); // no .part
}

TEST(BackupDirectory, LeavesNothingOfHalfABackup) {
  Scratch scratch;
  {
    auto made = BackupDirectory::make(scratch / "copy");
    ASSERT_TRUE(made);
    ASSERT_TRUE(made->begin_file("system.db"));
    ASSERT_TRUE(made->write("abc"));
  }
  EXPECT_EQ(scratch.files(), 0u);
}

TEST(BackupDirectory, OverwritesNothing) {
  Scratch scratch;
  scratch.write("file", "precious");
  std::filesystem::create_directory(scratch / "empty");
  std::filesystem::create_symlink("nowhere", scratch / "link");
  for (const char* name : {"file", "empty", "link", "empty/"}) {
    auto refused = BackupDirectory::make(scratch / name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind, Kind::Conflict) << name;
  }
  auto first = BackupDirectory::make(scratch / "copy");
  ASSERT_TRUE(first);
  EXPECT_THAT(BackupDirectory::make(scratch / "copy").error().what, HasSubstr("under way"));
  std::filesystem::create_directory(scratch / "copy"); // meanwhile
  ASSERT_TRUE(first->begin_file("system.db"));
  EXPECT_EQ(first->commit().error().kind, Kind::Conflict);
  EXPECT_EQ(scratch.read("file"), "precious");
}

TEST(BackupDirectory, TakesNoOtherNames) {
  Scratch scratch;
  auto made = BackupDirectory::make(scratch / "copy");
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->write("belongs to no file"));
  for (const char* name :
       {"", ".db", "../x.db", "/tmp/x.db", "a/b.db", "x.sh", "X.db", ".hidden.db", "x.db\n"}) {
    auto refused = made->begin_file(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind, Kind::Broken) << name;
  }
  ASSERT_TRUE(made->begin_file("system.db"));
  EXPECT_FALSE(made->begin_file("system.db")); // twice
}

} // namespace
} // namespace alk::alknetctl::upkeep_test
