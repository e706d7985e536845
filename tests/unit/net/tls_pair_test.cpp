#include "base/text.hpp"
#include "net/tls_context.hpp"
#include "net/tls_pair.hpp"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::net::tls_pair_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TlsPair : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    paths_ = {directory_ + "/cert.pem", directory_ + "/key.pem"};
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  static std::string content(const std::string& path) {
    return read_file(path, 1 << 20).value_or("(missing)");
  }
  bool serves() const { return TlsContext::server(content(paths_.cert), content(paths_.key)).has_value(); }
  static unsigned mode(const std::string& path) {
    struct ::stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }

  std::string directory_ = testing::TempDir() + "alknet-pair-XXXXXX";
  TlsPairPaths paths_;
};

TEST_F(TlsPair, IsMadeForItsOwnerAloneAndBelongsTogether) {
  ::mode_t before = ::umask(0);
  auto made = make_missing_tls_pair(paths_);
  ::umask(before);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_THAT(*made, ElementsAre(paths_.key, paths_.cert));
  EXPECT_EQ(mode(paths_.cert), 0600u);
  EXPECT_EQ(mode(paths_.key), 0600u);
  EXPECT_TRUE(serves());
}

TEST_F(TlsPair, StaysAsItIs) {
  ASSERT_TRUE(make_missing_tls_pair(paths_));
  auto cert = content(paths_.cert), key = content(paths_.key);
  auto again = make_missing_tls_pair(paths_);
  ASSERT_TRUE(again);
  EXPECT_THAT(*again, IsEmpty());
  EXPECT_EQ(content(paths_.cert), cert);
  EXPECT_EQ(content(paths_.key), key);
}

TEST_F(TlsPair, AKeyGetsItsCertificate) {
  ASSERT_TRUE(make_missing_tls_pair(paths_));
  auto key = content(paths_.key);
  std::filesystem::remove(paths_.cert);
  auto made = make_missing_tls_pair(paths_);
  ASSERT_TRUE(made);
  EXPECT_THAT(*made, ElementsAre(paths_.cert));
  EXPECT_EQ(content(paths_.key), key);
  EXPECT_TRUE(serves());
}

TEST_F(TlsPair, ACertificateWithoutItsKeyIsTheOperatorsToMend) {
  ASSERT_TRUE(write_file_atomically(paths_.cert, "theirs", 0644));
  auto made = make_missing_tls_pair(paths_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, Kind::Conflict);
  EXPECT_THAT(made.error().describe(), HasSubstr("without its key, " + paths_.key));
  EXPECT_FALSE(std::filesystem::exists(paths_.key));
}

TEST_F(TlsPair, ALinkIsAnAnswerEvenWhileItsTargetIsAway) {
  for (const auto& path : {paths_.cert, paths_.key})
    std::filesystem::create_symlink(directory_ + "/live/" + std::filesystem::path(path).filename().string(),
                                    path);
  auto made = make_missing_tls_pair(paths_);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_THAT(*made, IsEmpty());
}

TEST_F(TlsPair, AFileThatIsNoKeyIsNamed) {
  ASSERT_TRUE(write_file_atomically(paths_.key, "not a key", 0600));
  auto made = make_missing_tls_pair(paths_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, Kind::Invalid);
  EXPECT_THAT(made.error().describe(), HasSubstr(paths_.key));
  EXPECT_FALSE(std::filesystem::exists(paths_.cert));
}

TEST_F(TlsPair, WithoutItsDirectoryNothingIsMade) {
  EXPECT_EQ(make_missing_tls_pair({directory_ + "/a/cert.pem", directory_ + "/a/key.pem"}).error().kind,
            Kind::NotFound);
}

} // namespace alk::net::tls_pair_test
