// What owns something: descriptors, C objects, secrets.
#include "base/fd.hpp"
#include "base/handle.hpp"
#include "base/locked_secret.hpp"
#include "base/secret_bytes.hpp"
#include "base/secret_file.hpp"

#include <type_traits>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::owned_test {
namespace {

bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}

TEST(Fd, ClosesOnceWhenItsOwnerGoes) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd write_end(ends[1]);
  {
    Fd first(ends[0]);
    Fd second(std::move(first));
    EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move): that is the question
    EXPECT_EQ(second.get(), ends[0]);
    Fd& same = second;
    second = std::move(same);
    EXPECT_TRUE(is_open(ends[0]));
  }
  EXPECT_FALSE(is_open(ends[0]));
  int number = write_end.release();
  EXPECT_FALSE(write_end);
  EXPECT_TRUE(is_open(number));
  write_end.reset(number);
  write_end.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, AssignmentClosesTheOldOne) {
  Fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC)), b(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int old = a.get(), kept = b.get();
  a = std::move(b);
  EXPECT_EQ(a.get(), kept);
  EXPECT_FALSE(is_open(old));
}

struct Thing {
  int* freed;
};
void free_thing(Thing* thing) {
  ++*thing->freed;
}

TEST(Handle, CallsTheFunctionOnceAndNotForNull) {
  int freed = 0;
  Thing thing{&freed};
  {
    Handle<Thing, free_thing> one(&thing), none;
    auto two = std::move(one);
  }
  EXPECT_EQ(freed, 1);
  static_assert(sizeof(Handle<Thing, free_thing>) == sizeof(void*));
}

TEST(SecretBytes, MovesAndWipes) {
  static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
  SecretBytes a("hunter2");
  EXPECT_EQ(a.view(), "hunter2");
  SecretBytes b(std::move(a));
  EXPECT_TRUE(a.empty()); // NOLINT(bugprone-use-after-move)
  a = std::move(b);
  EXPECT_EQ(a.view(), "hunter2");
  EXPECT_TRUE(b.empty()); // NOLINT(bugprone-use-after-move)
  a.wipe();
  EXPECT_TRUE(a.empty());
}

TEST(SecretBytes, WipeOverwrites) {
  std::byte memory[4] = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  wipe(memory);
  for (std::byte b : memory) EXPECT_EQ(b, std::byte{0});
  wipe({});
}

TEST(SecretBytes, ComparisonNeedsEveryByte) {
  EXPECT_TRUE(equal_constant_time(std::string_view("abc"), std::string_view("abc")));
  EXPECT_FALSE(equal_constant_time(std::string_view("abc"), std::string_view("abd")));
  EXPECT_FALSE(equal_constant_time(std::string_view("abc"), std::string_view("bbc")));
  EXPECT_FALSE(equal_constant_time(std::string_view("abc"), std::string_view("ab")));
  EXPECT_TRUE(equal_constant_time(std::string_view(), std::string_view()));
}

TEST(LockedSecret, HoldsWhatItWasGivenAndLetsGo) {
  const std::string text(5000, 's'); // more than a page
  auto made = LockedSecret::make(text);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(made->view(), text);
  LockedSecret moved(std::move(*made));
  EXPECT_EQ(moved.view(), text);
  EXPECT_EQ(made->view().size(), 0U);
  EXPECT_EQ(LockedSecret::make("")->view(), "");
}

TEST(SecretFile, IsReadToItsEndOrRefused) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd from(ends[0]);
  Fd to(ends[1]);
  ASSERT_EQ(::write(to.get(), "s3cret", 6), 6);
  to.reset();
  EXPECT_EQ(read_secret(from, 6, "it")->view(), "s3cret");
  EXPECT_TRUE(read_secret(from, 6, "it")->empty());
  const auto self = read_secret_file("/proc/self/status", 10);
  ASSERT_FALSE(self);
  EXPECT_EQ(self.error().what, "/proc/self/status: larger than 10 bytes");
  EXPECT_EQ(read_secret_file("/nonexistent/key", 10).error().kind, Kind::NotFound);
  EXPECT_EQ(read_secret(Fd(), 10, "it").error().what.substr(0, 4), "it: ");
}

} // namespace
} // namespace alk::owned_test
