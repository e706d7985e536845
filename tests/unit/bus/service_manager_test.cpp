// What does not need a service manager: names, files, and the shape of an answer.
#include "clients/service_manager.hpp"
#include "pair.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::clients::service_manager_test {
namespace {

TEST(UnitPath, EscapesLikeSystemd) {
  EXPECT_EQ(unit_path("alknet-listend.service"), "/org/freedesktop/systemd1/unit/alknet_2dlistend_2eservice");
  EXPECT_EQ(unit_path("0a@\xc3\xa4.scope"), "/org/freedesktop/systemd1/unit/_30a_40_c3_a4_2escope");
}

struct OpenCredentials : testing::Test {
  OpenCredentials() {
    std::string pattern = (std::filesystem::temp_directory_path() / "alknet-test-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  ~OpenCredentials() override { std::filesystem::remove_all(directory); }
  std::string directory;
};

TEST_F(OpenCredentials, FollowsLinksAndLeavesDirectoriesOut) {
  std::ofstream(directory + "/live.pem") << "pem";
  std::filesystem::create_symlink("live.pem", directory + "/cert.pem");
  auto opened = open_credentials({{"tls.cert", directory + "/cert.pem"}, {"all", directory}});
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->size(), 1U);
  EXPECT_EQ(opened->front().file.name, "tls.cert");
  struct ::stat there {
  }, behind{};
  ASSERT_EQ(::fstat(opened->front().content.get(), &there), 0);
  ASSERT_EQ(::stat((directory + "/live.pem").c_str(), &behind), 0);
  EXPECT_EQ(there.st_ino, behind.st_ino);
}

TEST_F(OpenCredentials, NamesTheFileThatIsNotThere) {
  auto opened = open_credentials({{"tls.cert", directory + "/nowhere.pem"}});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Kind::NotFound);
  EXPECT_NE(opened.error().what.find(directory + "/nowhere.pem"), std::string::npos);
}

} // namespace
} // namespace alk::clients::service_manager_test
