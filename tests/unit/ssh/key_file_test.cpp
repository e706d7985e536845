#include "base/text.hpp"
#include "ssh/key_file.hpp"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::ssh::key_file_test {

using testing::HasSubstr;
using testing::StartsWith;

class KeyFile : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const char* name) const { return directory_ + "/" + name; }

 private:
  std::string directory_ = testing::TempDir() + "alknet-key-XXXXXX";
};

TEST_F(KeyFile, GeneratesAnOpensshFileWhoseTwoHalvesBelongTogether) {
  auto pair = generate_ed25519();
  ASSERT_TRUE(pair);
  EXPECT_THAT(std::string(pair->private_key.view()), StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
  EXPECT_THAT(std::string(pair->private_key.view()), HasSubstr("-----END OPENSSH PRIVATE KEY-----\n"));
  EXPECT_THAT(pair->public_key, StartsWith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"));
  EXPECT_EQ(pair->public_key.find('\n'), std::string::npos);

  ASSERT_TRUE(write_private_key(path("key"), pair->private_key));
  auto read = read_public_line(path("key"));
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(*read, pair->public_key);
}

TEST_F(KeyFile, IsMadeWhereNothingHasItsName) {
  auto made = make_missing_private_key(path("key"));
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_TRUE(*made);
  auto line = read_public_line(path("key")).value();
  EXPECT_FALSE(make_missing_private_key(path("key")).value());
  EXPECT_EQ(read_public_line(path("key")).value(), line);
  std::filesystem::create_symlink(path("away"), path("link"));
  EXPECT_FALSE(make_missing_private_key(path("link")).value());
  EXPECT_EQ(make_missing_private_key(path("no/key")).error().kind, Kind::NotFound);
}

TEST_F(KeyFile, EveryKeyIsNew) {
  auto one = generate_ed25519();
  auto two = generate_ed25519();
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->public_key, two->public_key);
}

TEST_F(KeyFile, PrivateKeyIsForItsOwnerAlone) {
  auto pair = generate_ed25519();
  ASSERT_TRUE(pair);
  ::mode_t before = ::umask(0);
  auto written = write_private_key(path("key"), pair->private_key);
  ::umask(before);
  ASSERT_TRUE(written);
  struct ::stat status {};
  ASSERT_EQ(::stat(path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(KeyFile, NeverReplacesAFile) {
  ASSERT_TRUE(write_file_atomically(path("key"), "precious", 0600));
  auto pair = generate_ed25519();
  ASSERT_TRUE(pair);
  auto written = write_private_key(path("key"), pair->private_key);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Kind::Conflict);
  EXPECT_EQ(read_file(path("key"), 100).value(), "precious");
  auto entries = std::filesystem::directory_iterator(std::filesystem::path(path("key")).parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1); // no temporary file is left
}

TEST_F(KeyFile, SaysWhatCannotBeRead) {
  EXPECT_EQ(read_public_line(path("absent")).error().kind, Kind::NotFound);
  ASSERT_TRUE(write_file_atomically(path("garbage"), "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", 0600));
  EXPECT_EQ(read_public_line(path("garbage")).error().kind, Kind::Invalid);
}

// An encrypted key (ssh-keygen -N secret) is refused and asks nobody for a passphrase.
TEST_F(KeyFile, RefusesAnEncryptedKey) {
  const char* encrypted = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                          "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBU9ahKxM\n"
                          "CBUpte2TH4LdyZAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIA4/T7myfpD/1Y9Z\n"
                          "uBwKBkagFGkdHiJFlob15yTtw1WoAAAAkAbGSf/tJuZhQ10uWQUkcA/+isLqEqJj+zbSoj\n"
                          "INXiGdHCRJ9c+JCpdYdB598sFtP7v7MuQsrS3+hjC8kg0wVJBJAbAzLDTIMEwD5K/nGtK+\n"
                          "r16bXzH2l9vRFcVVO+vstXMwcx1/1wQuSy6BiS1zxvZ1Jm8AoE+USE/9xhDzLW+PhFmxh8\n"
                          "/n1pThd/s93DiM2A==\n"
                          "-----END OPENSSH PRIVATE KEY-----\n";
  ASSERT_TRUE(write_file_atomically(path("encrypted"), encrypted, 0600));
  EXPECT_EQ(read_public_line(path("encrypted")).error().kind, Kind::Invalid);
}

// The key and what `ssh-keygen -lf` says about it.
TEST(Fingerprint, EqualsOpensshs) {
  const char* line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhokEK84m/eTedtwKxpkoGIxwN3+D99GzGQyxinDOAs";
  EXPECT_EQ(fingerprint(line).value(), "SHA256:tH2m55C/XRKMYN78dlYKSIOKSP3074l741rnNOIzDAI");
  EXPECT_EQ(fingerprint(std::string(line) + " me@home\n").value(),
            "SHA256:tH2m55C/XRKMYN78dlYKSIOKSP3074l741rnNOIzDAI");
}

TEST(Fingerprint, RefusesWhatIsNoKey) {
  for (const char* line : {"", "ssh-ed25519", "ssh-ed25519 AAAA", "no-such-type AAAAC3NzaC1lZDI1NTE5"})
    EXPECT_EQ(fingerprint(line).error().kind, Kind::Invalid) << line;
}

} // namespace alk::ssh::key_file_test
