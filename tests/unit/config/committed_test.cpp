#include "base/memory_file.hpp"
#include "config/committed.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace alk::config::committed_test {
namespace {

CommittedText some_text() {
  return {7,
          {{"/etc/alknet/alknet.toml", "alknet.toml", "[auth]\n"}, {"/x.d/1.toml", "x.d/1.toml", ""}},
          {{"/etc/alknet/alknet.toml", "alknet.toml", "# as it was\n"}},
          {{"/keys", "one\ntwo\n"}, {"/more", std::string("\0bytes", 6)}}};
}

TEST(CommittedText, ComesBackAsItWas) {
  auto memory = pack(some_text());
  ASSERT_TRUE(memory);
  auto read = unpack_committed(*memory);
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(read->generation, 7U);
  ASSERT_EQ(read->sources.size(), 2U);
  EXPECT_EQ(read->sources[0].text, "[auth]\n");
  EXPECT_EQ(read->sources[1].path, "/x.d/1.toml");
  EXPECT_EQ(read->sources[1].name, "x.d/1.toml");
  ASSERT_EQ(read->running.size(), 1U);
  EXPECT_EQ(read->running[0].text, "# as it was\n");
  EXPECT_EQ(read->files, some_text().files);
}

TEST(CommittedText, ItsDigestIsThatOfTheFiles) {
  Sources sources{{"/a/alknet.toml", "alknet.toml", "[limits]\nmax_connections = 1\n"}};
  auto before = parse(sources, Unknown::Refuse);
  auto read = unpack_committed(*pack({1, sources, {}, {}}));
  ASSERT_TRUE(read);
  auto after = parse(read->sources, Unknown::Refuse);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->digest, after->digest);
}

TEST(CommittedText, HalfOfItIsNothing) {
  auto whole = read_sealed_text(*pack(some_text()), 1 << 20);
  ASSERT_TRUE(whole);
  for (std::size_t size = 0; size < whole->size(); ++size) {
    const std::string_view piece[] = {std::string_view(*whole).substr(0, size)};
    EXPECT_FALSE(unpack_committed(*seal_in_memory(piece))) << size;
  }
  std::string other = *whole;
  other[3] = 2;
  const std::string_view piece[] = {other};
  EXPECT_NE(unpack_committed(*seal_in_memory(piece)).error().what.find("another release"), std::string::npos);
  EXPECT_FALSE(unpack_committed(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
}

} // namespace
} // namespace alk::config::committed_test
