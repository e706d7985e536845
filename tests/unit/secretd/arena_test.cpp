#include "vectors.hpp"

#include <algorithm>
#include <fstream>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alk::secretd::arena_test {
namespace {

using testing::make_arena;

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

LockedBytes take(Arena& arena, std::size_t size) {
  auto block = arena.take(size);
  EXPECT_TRUE(block);
  return block ? std::move(*block) : LockedBytes();
}

// What the kernel says about the mapping that holds the address, one word of /proc/self/smaps.
std::string mapping_says(const void* address, const std::string& word) {
  std::ifstream smaps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2 && line.find('-') < line.find(' '))
      here =
          reinterpret_cast<unsigned long>(address) >= begin && reinterpret_cast<unsigned long>(address) < end;
    if (here && line.rfind(word, 0) == 0) return line;
  }
  return {};
}

// Sanitizers make mlock(2) do nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool locks_nothing = true;
#elif defined(__has_feature)
constexpr bool locks_nothing = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool locks_nothing = false;
#endif

TEST(Arena, BlocksAreZeroedApartAndInside) {
  auto arena = make_arena();
  LockedBytes a = take(*arena, 32), b = take(*arena, 100);
  EXPECT_TRUE(all_zero(a.bytes()) && all_zero(b.bytes()));
  EXPECT_TRUE(arena->holds(a.raw()) && arena->holds(b.raw() + 99));
  EXPECT_TRUE(a.raw() + 32 <= b.raw() || b.raw() + 100 <= a.raw());
  EXPECT_FALSE(arena->holds(&a));
  EXPECT_EQ(arena->used(), 64u + 128u);
}

TEST(Arena, WhatIsGivenBackIsWiped) {
  auto arena = make_arena();
  const std::byte* where = nullptr;
  {
    LockedBytes block = take(*arena, 200);
    std::fill(block.bytes().begin(), block.bytes().end(), std::byte{0x5a});
    where = block.bytes().data();
  }
  EXPECT_TRUE(all_zero({where, 200}));
  EXPECT_EQ(arena->used(), 0u);
}

TEST(Arena, MovingMovesAndAssigningWipes) {
  auto arena = make_arena();
  LockedBytes a = take(*arena, 8), b = take(*arena, 8);
  a.bytes()[0] = std::byte{1};
  b.bytes()[0] = std::byte{2};
  const std::byte* where = b.bytes().data();
  b = std::move(a);
  EXPECT_EQ(*where, std::byte{0});
  EXPECT_EQ(b.bytes()[0], std::byte{1});
  EXPECT_TRUE(a.empty()); // NOLINT: what a move leaves is empty
  EXPECT_EQ(arena->used(), 64u);
}

TEST(Arena, TruncatingWipesTheRest) {
  auto arena = make_arena();
  LockedBytes block = take(*arena, 16);
  std::fill(block.bytes().begin(), block.bytes().end(), std::byte{7});
  const std::byte* where = block.bytes().data();
  block.truncate(4);
  EXPECT_EQ(block.size(), 4u);
  EXPECT_TRUE(all_zero({where + 4, 12}));
}

TEST(Arena, AFullOneIsBusyAndRoomComesBack) {
  auto arena = make_arena(4096);
  EXPECT_EQ(arena->take(arena->size() + 1).error().kind, Kind::Busy);
  {
    LockedBytes most = take(*arena, arena->size() - 64);
    LockedBytes rest = take(*arena, 64);
    EXPECT_EQ(arena->take(1).error().kind, Kind::Busy);
  }
  EXPECT_TRUE(arena->take(arena->size()));
}

TEST(Arena, IsLockedAndLeftOutOfDumps) {
  auto arena = make_arena();
  LockedBytes block = take(*arena, 32);
  const std::string flags = mapping_says(block.raw(), "VmFlags:");
  EXPECT_EQ(flags.find(" lo") == std::string::npos, locks_nothing) << flags;
  EXPECT_NE(flags.find(" dd"), std::string::npos) << flags;
  EXPECT_NE(flags.find(" wf"), std::string::npos) << flags;
}

TEST(Arena, NothingReachesAChild) {
  auto arena = make_arena();
  LockedBytes block = take(*arena, 32);
  block.bytes()[5] = std::byte{9};
  const pid_t child = ::fork();
  if (child == 0) ::_exit(all_zero(block.bytes()) ? 0 : 1);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// In a child: a limit that was lowered does not come back.
TEST(Arena, WithoutLockedMemoryThereIsNone) {
  if (locks_nothing) GTEST_SKIP() << "a sanitizer stands before mlock(2)";
  const pid_t child = ::fork();
  if (child == 0) {
    const ::rlimit none{0, 0};
    // Root may lock without a limit: somebody else then.
    if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (::geteuid() == 0 && ::setuid(65534) != 0)) ::_exit(2);
    auto arena = Arena::make(4096);
    ::_exit(!arena && arena.error().kind == Kind::Denied ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

} // namespace
} // namespace alk::secretd::arena_test
