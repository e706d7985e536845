#include "base/text.hpp"
#include "ssh/identity.hpp"
#include "ssh/key_file.hpp"
#include "ssh/private_key_text.hpp"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::ssh::identity_test {
namespace {

// ssh-keygen -t ed25519 -N 'open sesame' -Z aes256-ctr -a 1
constexpr std::string_view encrypted_key = R"(-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDuuoeORr
1ZYZXECYysr2v0AAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIJ6rZ9Jg9oH03XaF
joz2Zo8ztckxFGoPAmKtA7TVN7dpAAAAkEeJbRtRxneiKCMJJYbAnpP/MkZDDl86EeXRVC
FxLjPapyb4YCLQ6NxxzaiYN5HI+UzxszKkgV/AGVqPoeES5rlpeIS56ERc1zCLK3AR4tDt
PLNF6xmklpCc++Shnux+f8g6ns/LZWN1dKY4QUUnMnp24HlZVE4uE5O0JZTzUbeMLfBDOH
b46thqrfFa9R0WoQ==
-----END OPENSSH PRIVATE KEY-----
)";
constexpr std::string_view encrypted_fingerprint = "SHA256:zZi4WAjbu68ZdqG91n1xv4YmakPcKthzcs4jfpMBv28";

struct IdentityTest : testing::Test {
  std::string directory = testing::TempDir() + "identity_XXXXXX";
  std::string path;
  IdentitySources nobody;

  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    path = directory + "/key";
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  void write(std::string_view text, unsigned mode = 0600) {
    ASSERT_TRUE(write_file_atomically(path, text, mode));
  }
  Error refused(std::string_view text) {
    write(text);
    auto loaded = Identity::load(path, nobody);
    return loaded ? Error{Kind::Broken, "loaded", {}, {}} : loaded.error();
  }
};

TEST_F(IdentityTest, PlainKey) {
  auto pair = *generate_ed25519();
  write(pair.private_key.view());
  auto identity = Identity::load(path, nobody);
  ASSERT_TRUE(identity) << identity.error().describe();
  EXPECT_EQ(identity->fingerprint(), *fingerprint(pair.public_key));
  EXPECT_FALSE(identity->in_agent());
}

TEST_F(IdentityTest, ReadableByOthersIsRefused) {
  auto pair = *generate_ed25519();
  for (unsigned mode : {0640u, 0604u, 0644u}) {
    write(pair.private_key.view(), mode);
    auto identity = Identity::load(path, nobody);
    ASSERT_FALSE(identity) << mode;
    EXPECT_EQ(identity.error().kind, Kind::Denied);
    EXPECT_NE(identity.error().what.find("chmod 600"), std::string::npos);
  }
}

TEST_F(IdentityTest, MissingFile) {
  auto identity = Identity::load(path, nobody);
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().kind, Kind::NotFound);
}

TEST_F(IdentityTest, OtherFormatsAreNamed) {
  EXPECT_NE(refused("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n").what.find("RSA"), std::string::npos);
  EXPECT_NE(refused("-----BEGIN PRIVATE KEY-----\nAAAA\n").what.find("ssh-keygen -p -f"), std::string::npos);
  EXPECT_NE(refused("-----BEGIN EC PRIVATE KEY-----\nAAAA\n").what.find("PEM"), std::string::npos);
  EXPECT_NE(refused("PuTTY-User-Key-File-3: ssh-ed25519\n").what.find("PuTTY"), std::string::npos);
  EXPECT_NE(refused("hello").what.find("OpenSSH format"), std::string::npos);
  EXPECT_NE(refused("").what.find("OpenSSH format"), std::string::npos);
}

TEST_F(IdentityTest, DamagedKeys) {
  auto text = std::string((*generate_ed25519()).private_key.view());
  EXPECT_EQ(refused(text.substr(0, text.size() / 2)).kind, Kind::Invalid);
  auto flipped = text;
  flipped[60] = flipped[60] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refused(flipped).kind, Kind::Invalid);
  EXPECT_EQ(refused("-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n").kind,
            Kind::Invalid);
}

TEST_F(IdentityTest, EncryptedKeyAsksAtMostThreeTimes) {
  write(encrypted_key);
  int asked = 0;
  IdentitySources wrong;
  wrong.ask_passphrase = [&](const std::string&) {
    ++asked;
    return std::optional<SecretBytes>(SecretBytes("wrong"));
  };
  auto identity = Identity::load(path, wrong);
  ASSERT_FALSE(identity);
  EXPECT_EQ(asked, 3);
  EXPECT_NE(identity.error().what.find("wrong passphrase"), std::string::npos);
}

TEST_F(IdentityTest, EncryptedKeyOpensWithItsPassphrase) {
  write(encrypted_key);
  IdentitySources right;
  right.ask_passphrase = [](const std::string& prompt) {
    EXPECT_NE(prompt.find("key"), std::string::npos);
    return std::optional<SecretBytes>(SecretBytes("open sesame"));
  };
  auto identity = Identity::load(path, right);
  ASSERT_TRUE(identity) << identity.error().describe();
  EXPECT_EQ(identity->fingerprint(), encrypted_fingerprint);
}

TEST_F(IdentityTest, EncryptedKeyWithoutAnybodyToAsk) {
  EXPECT_NE(refused(encrypted_key).what.find("ssh-add"), std::string::npos);
}

TEST_F(IdentityTest, PublicKeyNeedsAnAgent) {
  auto error = refused((*generate_ed25519()).public_key + " me@here\n");
  EXPECT_EQ(error.kind, Kind::Invalid);
  EXPECT_NE(error.what.find("ssh-agent"), std::string::npos);
}

} // namespace
} // namespace alk::ssh::identity_test
