#include "base/text.hpp"
#include "host_trust.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "ssh/known_hosts.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

namespace alk::alknet::host_trust_test {
namespace {

const ssh::PresentedKey shown{"ssh-ed25519", std::string("\0\0\0\x0bssh-ed25519-ours", 20), "SHA256:ours"};
const ssh::PresentedKey another{"ssh-ed25519", std::string("\0\0\0\x0bssh-ed25519-else", 20), "SHA256:else"};

struct HostTrustTest : testing::Test {
  std::string directory = testing::TempDir() + "host_trust_XXXXXX";
  ConnectOptions options;
  bool present = false;
  std::string says;
  std::string asked;

  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    options.server = {"server.test", 443};
    options.known_hosts = directory + "/known_hosts";
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  Task<std::string> answer(std::string question) {
    asked = std::move(question);
    co_return says;
  }
  Task<> ask_trust(HostTrust& trust, std::optional<Result<void>>& verdict) {
    verdict = co_await trust.judge(shown);
  }

  Result<void> judge() {
    asio::io_context loop;
    loop::TaskGroup group(loop);
    HostTrust trust(options, {[this] { return present; },
                              [this](std::string question) { return answer(std::move(question)); }});
    std::optional<Result<void>> verdict;
    group.spawn("judge", ask_trust(trust, verdict));
    loop.run();
    return *verdict;
  }
};

TEST_F(HostTrustTest, PinAloneDecides) {
  ASSERT_TRUE(ssh::add_known_host(options.known_hosts, "[server.test]:443", another));
  options.host_key_pin = shown.fingerprint;
  EXPECT_TRUE(judge());
  options.host_key_pin = another.fingerprint;
  ASSERT_TRUE(ssh::add_known_host(options.known_hosts, "[server.test]:443", shown));
  EXPECT_EQ(judge().error().kind, Kind::Denied);
}

TEST_F(HostTrustTest, KnownKey) {
  ASSERT_TRUE(ssh::add_known_host(options.known_hosts, "[server.test]:443", shown));
  EXPECT_TRUE(judge());
  EXPECT_EQ(asked, "");
}

TEST_F(HostTrustTest, ChangedKeyIsNeverAskedAbout) {
  ASSERT_TRUE(ssh::add_known_host(options.known_hosts, "[server.test]:443", another));
  present = true;
  says = "yes";
  const auto verdict = judge();
  ASSERT_FALSE(verdict);
  EXPECT_NE(verdict.error().what.find(options.known_hosts + ":1"), std::string::npos);
  EXPECT_NE(verdict.error().what.find("ssh-keygen"), std::string::npos);
  EXPECT_EQ(asked, "");
}

TEST_F(HostTrustTest, NobodyToAskIsRefusedWithTheMend) {
  const auto verdict = judge();
  ASSERT_FALSE(verdict);
  EXPECT_NE(verdict.error().what.find("--host-key " + shown.fingerprint), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(options.known_hosts));
}

TEST_F(HostTrustTest, YesIsRemembered) {
  present = true;
  says = "yes";
  EXPECT_TRUE(judge());
  EXPECT_NE(asked.find(shown.fingerprint), std::string::npos);
  present = false;
  EXPECT_TRUE(judge());
}

TEST_F(HostTrustTest, FingerprintIsAYes) {
  present = true;
  says = shown.fingerprint;
  EXPECT_TRUE(judge());
}

TEST_F(HostTrustTest, AnythingElseIsANo) {
  present = true;
  for (const char* text : {"", "y", "YES", "no", "SHA256:else"}) {
    says = text;
    EXPECT_FALSE(judge()) << text;
  }
  EXPECT_FALSE(std::filesystem::exists(options.known_hosts));
}

TEST_F(HostTrustTest, UnreadableFileIsNoConsent) {
  options.known_hosts = directory; // a directory
  present = true;
  says = "yes";
  EXPECT_FALSE(judge());
  EXPECT_EQ(asked, "");
}

} // namespace
} // namespace alk::alknet::host_trust_test
