#include "base/encoding.hpp"
#include "base/text.hpp"
#include "ssh/known_hosts.hpp"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::ssh::known_hosts_test {
namespace {

PresentedKey make_key(char fill) {
  std::string blob("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
  blob.append(32, fill);
  return {"ssh-ed25519", blob, std::string("SHA256:print-of-") + fill};
}

const PresentedKey ours = make_key('a');
const PresentedKey other = make_key('b');

std::string line(std::string_view names, const PresentedKey& key) {
  return std::string(names) + " ssh-ed25519 " + base64_encode(key.blob) + " comment\n";
}

HostKeyState state(std::string_view content, std::string_view name) {
  return find_host_key(content, name, ours).state;
}

TEST(KnownHosts, NamesAndPorts) {
  EXPECT_EQ(known_host_name("Example.COM", 22), "example.com");
  EXPECT_EQ(known_host_name("example.com", 443), "[example.com]:443");
  EXPECT_EQ(known_host_name("::1", 443), "[::1]:443");
}

TEST(KnownHosts, PlainEntries) {
  const auto content = "# a comment\n\n" + line("a.test,b.test", ours) + line("[c.test]:443", ours);
  EXPECT_EQ(state(content, "a.test"), HostKeyState::Known);
  EXPECT_EQ(state(content, "b.test"), HostKeyState::Known);
  EXPECT_EQ(state(content, "[c.test]:443"), HostKeyState::Known);
  EXPECT_EQ(state(content, "c.test"), HostKeyState::Unknown);
  EXPECT_EQ(state(content, "test"), HostKeyState::Unknown);
  EXPECT_EQ(state("", "a.test"), HostKeyState::Unknown);
}

TEST(KnownHosts, AnotherKeyIsChangedAndNamesTheLine) {
  const auto finding = find_host_key("\n" + line("a.test", other), "a.test", ours);
  EXPECT_EQ(finding.state, HostKeyState::Changed);
  EXPECT_EQ(finding.line, 2u);
  EXPECT_EQ(state("a.test ssh-rsa AAAAB3NzaC1yc2E=\n", "a.test"), HostKeyState::Changed);
  EXPECT_EQ(state("a.test ssh-ed25519 not*base64\n", "a.test"), HostKeyState::Changed);
}

TEST(KnownHosts, OneGoodLineOfSeveralIsEnough) {
  EXPECT_EQ(state(line("a.test", other) + line("a.test", ours), "a.test"), HostKeyState::Known);
}

TEST(KnownHosts, RevokedWinsOverKnown) {
  EXPECT_EQ(state(line("a.test", ours) + "@revoked " + line("*", ours), "a.test"), HostKeyState::Revoked);
  EXPECT_EQ(state("@revoked " + line("a.test", other), "a.test"), HostKeyState::Unknown);
}

TEST(KnownHosts, CertificateAuthoritiesAreNoHostKeys) {
  EXPECT_EQ(state("@cert-authority " + line("a.test", ours), "a.test"), HostKeyState::Unknown);
}

TEST(KnownHosts, PatternsAndNegation) {
  EXPECT_EQ(state(line("*.test", ours), "a.test"), HostKeyState::Known);
  EXPECT_EQ(state(line("?.test", ours), "a.test"), HostKeyState::Known);
  EXPECT_EQ(state(line("?.test", ours), "ab.test"), HostKeyState::Unknown);
  EXPECT_EQ(state(line("*.test,!a.test", ours), "a.test"), HostKeyState::Unknown);
  EXPECT_EQ(state(line("!a.test,*.test", ours), "a.test"), HostKeyState::Unknown);
  EXPECT_EQ(state(line("*.TEST", ours), "a.test"), HostKeyState::Known);
  EXPECT_EQ(state(line("*a*b*c*", ours), "xaxbxcx"), HostKeyState::Known);
  EXPECT_EQ(state(line("*a*b*c*", ours), "xaxcxbx"), HostKeyState::Unknown);
}

TEST(KnownHosts, HashedNames) {
  const std::string salt(20, 's');
  // HMAC-SHA1 of "example.test" keyed with twenty 's' (openssl dgst -sha1 -mac HMAC).
  const std::string hash = "PiGZm9mD7JNHiphlWv/TViAKeUY=";
  const auto content =
      "|1|" + base64_encode(salt) + "|" + hash + " ssh-ed25519 " + base64_encode(ours.blob) + "\n";
  EXPECT_EQ(state(content, "example.test"), HostKeyState::Known);
  EXPECT_EQ(state(content, "example.tes"), HostKeyState::Unknown);
  EXPECT_EQ(state("|1|x|y ssh-ed25519 AAAA\n", "example.test"), HostKeyState::Unknown);
}

TEST(KnownHosts, AddMakesAPrivateFileAndCompletesALine) {
  std::string directory = testing::TempDir() + "known_hosts_XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto path = directory + "/deep/known_hosts";
  EXPECT_EQ(find_host_key_in_file(path, "a.test", ours)->state, HostKeyState::Unknown);
  ASSERT_TRUE(add_known_host(path, "a.test", ours));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_TRUE(write_file_atomically(path, "b.test ssh-ed25519 AAAA", 0600)); // an editor left no line end
  ASSERT_TRUE(add_known_host(path, "a.test", ours));
  EXPECT_EQ(find_host_key_in_file(path, "a.test", ours)->state, HostKeyState::Known);
  EXPECT_EQ(find_host_key_in_file(path, "a.test", ours)->line, 2u);
  std::filesystem::remove_all(directory);
}

TEST(KnownHosts, Pins) {
  const auto public_line = "ssh-ed25519 " + base64_encode(ours.blob) + " host\n";
  EXPECT_TRUE(*pin_matches(ours.fingerprint, ours));
  EXPECT_TRUE(*pin_matches(ours.fingerprint + "=\n", ours));
  EXPECT_FALSE(*pin_matches(other.fingerprint, ours));
  EXPECT_TRUE(*pin_matches(public_line, ours));
  EXPECT_TRUE(*pin_matches("# keyscan\nhost " + public_line, ours));
  EXPECT_FALSE(*pin_matches("ssh-ed25519 " + base64_encode(other.blob), ours));
  EXPECT_FALSE(pin_matches("", ours));
  EXPECT_FALSE(pin_matches("MD5:00:11", ours));
}

} // namespace
} // namespace alk::ssh::known_hosts_test
