#include "net/sniff.hpp"

#include <gtest/gtest.h>

namespace alk::net::sniff_test {
namespace {

TEST(Sniff, EveryProperPrefixOfTheOpeningNeedsMore) {
  for (std::size_t size = 0; size < ssh_opening.size(); ++size)
    EXPECT_EQ(classify_speech(ssh_opening.substr(0, size)), Speech::NeedMore) << size;
}

TEST(Sniff, TheWholeOpeningIsSshWhateverFollows) {
  EXPECT_EQ(classify_speech("SSH-2.0-"), Speech::Ssh);
  EXPECT_EQ(classify_speech("SSH-2.0-OpenSSH_9.2\r\n"), Speech::Ssh);
}

TEST(Sniff, TheFirstByteThatDiffersDecides) {
  for (std::size_t at = 0; at < ssh_opening.size(); ++at) {
    std::string bytes(ssh_opening.substr(0, at + 1));
    bytes[at] ^= 0x20;
    EXPECT_EQ(classify_speech(bytes), Speech::Web) << at;
  }
}

TEST(Sniff, OldVersionsAndOtherCaseAreTheWebSide) {
  EXPECT_EQ(classify_speech("SSH-1.99-x"), Speech::Web);
  EXPECT_EQ(classify_speech("SSH-1"), Speech::Web);
  EXPECT_EQ(classify_speech("ssh-2.0-x"), Speech::Web);
  EXPECT_EQ(classify_speech("GET / HTTP/1.1\r\n"), Speech::Web);
  EXPECT_EQ(classify_speech(std::string_view("\0", 1)), Speech::Web);
}

TEST(Sniff, TlsRecordsAndOldHellosOpenTls) {
  EXPECT_EQ(classify_opening(0x16), Opening::Tls);
  EXPECT_EQ(classify_opening(0x80), Opening::Tls);
  EXPECT_EQ(classify_opening(0xff), Opening::Tls);
  EXPECT_EQ(classify_opening('G'), Opening::PlainHttp);
  EXPECT_EQ(classify_opening('S'), Opening::PlainHttp);
  EXPECT_EQ(classify_opening(0), Opening::PlainHttp);
  EXPECT_EQ(classify_opening(0x15), Opening::PlainHttp);
}

} // namespace
} // namespace alk::net::sniff_test
