#include "locked_file.hpp"
#include "scratch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknetctl::locked_file_test {
namespace {

constexpr std::size_t limit = 1000;

struct ::stat facts(const std::string& path) {
  struct ::stat found {};
  EXPECT_EQ(::lstat(path.c_str(), &found), 0);
  return found;
}

TEST(LockedFile, ANewFileIsMade) {
  Scratch scratch;
  auto file = LockedFile::open(scratch / "keys", limit);
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(file->text(), "");
  EXPECT_TRUE(file->replace("one\n", 0644));
  EXPECT_EQ(scratch.read("keys"), "one\n");
  EXPECT_EQ(facts(scratch / "keys").st_mode & 07777, 0644u);
  EXPECT_EQ(scratch.files(), 1u); // no temporary file, no lock file
}

TEST(LockedFile, OwnerAndPermissionsStay) {
  Scratch scratch;
  std::string path = scratch.write("keys", "one\n");
  ASSERT_EQ(::chmod(path.c_str(), 0460), 0);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::chown(path.c_str(), 12345, 54321), 0);
  }
  auto before = facts(path);
  auto file = LockedFile::open(path, limit);
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(file->text(), "one\n");
  ASSERT_TRUE(file->replace("two\n", 0644));
  auto after = facts(path);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_NE(after.st_ino, before.st_ino); // replaced as a whole: readers see the old or the new file
}

TEST(LockedFile, ALinkStaysALink) {
  Scratch scratch;
  scratch.write("real", "one\n");
  std::filesystem::create_symlink("real", scratch / "keys");
  auto file = LockedFile::open(scratch / "keys", limit);
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(std::filesystem::path(file->path()).filename(), "real");
  ASSERT_TRUE(file->replace("two\n", 0644));
  EXPECT_TRUE(S_ISLNK(facts(scratch / "keys").st_mode));
  EXPECT_EQ(scratch.read("real"), "two\n");
}

TEST(LockedFile, WhatIsNoFileIsRefused) {
  Scratch scratch;
  std::filesystem::create_symlink("nowhere", scratch / "dangling");
  std::filesystem::create_directory(scratch / "directory");
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(LockedFile::open(scratch / "dangling", limit).error().kind, Kind::NotFound);
  EXPECT_EQ(LockedFile::open(scratch / "directory", limit).error().kind, Kind::Invalid);
  EXPECT_EQ(LockedFile::open(scratch / "pipe", limit).error().kind, Kind::Invalid);
  EXPECT_EQ(LockedFile::open(scratch / "no/such", limit).error().kind, Kind::NotFound);
  scratch.write("large", std::string(limit + 1, 'x'));
  EXPECT_EQ(LockedFile::open(scratch / "large", limit).error().kind, Kind::Invalid);
}

TEST(LockedFile, AFailedReplacementLeavesTheOldFileAlone) {
  Scratch scratch;
  std::string path = scratch.write("keys", "one\n");
  auto file = LockedFile::open(path, limit);
  ASSERT_TRUE(file);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path); // rename(2) cannot replace it
  EXPECT_FALSE(file->replace("two\n", 0644));
  EXPECT_EQ(scratch.files(), 1u);
}

TEST(LockedFile, WaitsForTheLockButNotForEver) {
  Scratch scratch;
  std::string path = scratch.write("keys", "one\n");
  int other = ::open((scratch / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_EQ(LockedFile::open(path, limit, std::chrono::seconds(1)).error().kind, Kind::Busy);
  ::close(other);
  EXPECT_TRUE(LockedFile::open(path, limit));
}

} // namespace
} // namespace alk::alknetctl::locked_file_test
