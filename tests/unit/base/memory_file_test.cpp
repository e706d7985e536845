#include "base/memory_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace alk::memory_file_test {
namespace {

TEST(MemoryFile, IsSealedAndBounded) {
  const std::string_view pieces[] = {"one", "", "two"};
  auto memory = seal_in_memory(pieces);
  ASSERT_TRUE(memory);
  EXPECT_EQ(::write(memory->get(), "x", 1), -1);
  auto content = read_sealed(*memory, 6);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->view(), "onetwo");
  EXPECT_FALSE(read_sealed(*memory, 5));
  EXPECT_EQ(read_sealed_text(*memory, 6).value(), "onetwo"); // again: from its beginning
  EXPECT_FALSE(read_sealed_text(*memory, 5));
  EXPECT_FALSE(read_sealed(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), 5));
}

} // namespace
} // namespace alk::memory_file_test
