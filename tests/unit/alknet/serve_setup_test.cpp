#include "base/text.hpp"
#include "serve_hints.hpp"
#include "serve_setup.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::alknet::serve_setup_test {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

static config::Static two_listeners() {
  config::Static fixed;
  fixed.listeners.resize(3);
  fixed.listeners[0] = {"tls", config::Transport::Tls, "127.0.0.1:8443", true, {}, {}};
  fixed.listeners[1] = {"ssh", config::Transport::Tcp, "127.0.0.1:8022", false, {}, {}};
  fixed.listeners[2] = {"passed", config::Transport::Tcp, "", false, {}, {}};
  return fixed;
}

static std::vector<std::string> wanted(const ServeOptions& options,
                                       const config::Static& fixed = two_listeners()) {
  auto listeners = wanted_listeners(options, fixed);
  if (!listeners) return {listeners.error().what};
  std::vector<std::string> texts;
  for (const WantedListener& listener : *listeners)
    texts.push_back(listener.name + "=" + listener.endpoint.text());
  return texts;
}

TEST(WantedListeners, TheFileDecidesUnlessAFlagDoes) {
  EXPECT_THAT(wanted({}), ElementsAre("tls=127.0.0.1:8443", "ssh=127.0.0.1:8022"));
  EXPECT_THAT(wanted({.listen_tls = "[::1]:0"}), ElementsAre("tls=[::1]:0", "ssh=127.0.0.1:8022"));
  EXPECT_THAT(wanted({.listen_ssh = "none"}), ElementsAre("tls=127.0.0.1:8443"));
}

TEST(WantedListeners, AFlagForAMissingListenerIsAnError) {
  config::Static fixed = two_listeners();
  fixed.listeners.erase(fixed.listeners.begin());
  EXPECT_THAT(wanted({.listen_tls = "127.0.0.1:1"}, fixed), ElementsAre(HasSubstr("no listener named tls")));
  EXPECT_THAT(wanted({.listen_tls = "none"}, fixed), ElementsAre("ssh=127.0.0.1:8022"));
  EXPECT_THAT(wanted({.listen_ssh = "none"}, fixed), ElementsAre(HasSubstr("nothing to serve")));
}

// A directory with stand-ins for the daemons; nothing of it is started.
class SetUpTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"alknet-authd", "alknet-listend"})
      ASSERT_TRUE(write_file_atomically(temporary_.file(name), "", 0755));
    ::setenv("ALKNET_LIBEXEC_DIR", temporary_.path().c_str(), 1);
    options_.state = temporary_.file("state");
    options_.listen_tls = "127.0.0.1:0";
    options_.listen_ssh = "127.0.0.1:0";
  }
  void TearDown() override { ::unsetenv("ALKNET_LIBEXEC_DIR"); }

  Result<ServeSetup> set_up() {
    return alknet::set_up(options_, [this](const std::string& line) { said_.push_back(line); });
  }
  TemporaryDirectory temporary_;
  ServeOptions options_;
  std::vector<std::string> said_;
};

TEST_F(SetUpTest, SecretsWhereThereIsAProgramForThem) {
  ASSERT_TRUE(write_file_atomically(temporary_.file("alknet-secretd"), "", 0755));
  auto setup = set_up();
  ASSERT_TRUE(setup) << setup.error().describe();
  // Some machines let nobody lock memory; then it is said.
  const bool left_out = std::any_of(said_.begin(), said_.end(), [](const std::string& line) {
    return line.find("alknet-secretd is left out") != line.npos;
  });
  ASSERT_EQ(setup->children.size(), left_out ? 3u : 4u);
  if (left_out) GTEST_SKIP() << "memory cannot be locked here";
  EXPECT_EQ(setup->children[2].program, temporary_.file("alknet-secretd"));
  EXPECT_EQ(setup->children[3].program, temporary_.file("alknet-listend"));
}

TEST_F(SetUpTest, AStorageWhereThereIsAProgramForIt) {
  ASSERT_TRUE(write_file_atomically(temporary_.file("alknet-stored"), "", 0755));
  ::setenv("STATE_DIRECTORY", "/nowhere", 1);
  auto setup = set_up();
  ::unsetenv("STATE_DIRECTORY");
  ASSERT_TRUE(setup) << setup.error().describe();
  ASSERT_EQ(setup->children.size(), 4u);
  const ProcessSpec& stored = setup->children[2];
  EXPECT_EQ(stored.program, temporary_.file("alknet-stored"));
  EXPECT_TRUE(stored.sockets.empty());
  auto is_place = [](const std::string& one) { return one.starts_with("STATE_DIRECTORY="); };
  EXPECT_EQ(std::count_if(stored.environment.begin(), stored.environment.end(), is_place), 1);
  EXPECT_THAT(stored.environment,
              testing::Contains("STATE_DIRECTORY=" + temporary_.file("state") + "/store"));
  EXPECT_EQ(::access(temporary_.file("state/store").c_str(), F_OK), 0);
}

TEST_F(SetUpTest, BusFirstSocketsToListendAlone) {
  auto setup = set_up();
  ASSERT_TRUE(setup) << setup.error().describe();
  ASSERT_EQ(setup->children.size(), 3u);
  EXPECT_EQ(setup->children[0].program, "dbus-daemon");
  const ProcessSpec& authd = setup->children[1];
  const ProcessSpec& listend = setup->children[2];
  EXPECT_EQ(authd.program, temporary_.file("alknet-authd"));
  EXPECT_THAT(authd.arguments, ElementsAre("--config", setup->config, "--bus-address", setup->bus_address));
  EXPECT_TRUE(authd.sockets.empty());
  ASSERT_EQ(listend.sockets.size(), 2u);
  EXPECT_EQ(listend.sockets[0].name, "tls");
  EXPECT_EQ(listend.sockets[0].descriptor, setup->listeners[0].socket.get());
  EXPECT_EQ(listend.sockets[1].name, "ssh");
  const StatePaths& paths = setup->state.paths();
  EXPECT_THAT(listend.environment, Contains("KRB5_CONFIG=" + paths.kerberos_config()));
  EXPECT_THAT(listend.environment, Contains("NOTIFY_SOCKET=" + setup->notify.name()));
  EXPECT_THAT(read_file(paths.kerberos_config(), 4096).value(),
              HasSubstr("[libdefaults]\ndns_canonicalize_hostname = false\n"));
  EXPECT_THAT(said_, Contains("made " + paths.host_key()));
}

TEST_F(SetUpTest, KnownHostsNameTheRealPorts) {
  auto setup = set_up();
  ASSERT_TRUE(setup);
  std::string text = read_file(setup->state.paths().known_hosts(), 4096).value();
  for (const OpenListener& listener : setup->listeners)
    EXPECT_THAT(text, HasSubstr("[127.0.0.1]:" + std::to_string(listener.endpoint.port())));
}

TEST_F(SetUpTest, BusPolicyIsWrittenForThisUser) {
  auto setup = set_up();
  ASSERT_TRUE(setup);
  std::string directory = setup->state.paths().bus_directory();
  std::string user = "user=\"" + std::to_string(::geteuid()) + "\"";
  EXPECT_THAT(read_file(directory + "/bus.conf", 8192).value(), HasSubstr(user));
  EXPECT_THAT(read_file(directory + "/policy.d/org.alknet.Auth1.conf", 8192).value(), HasSubstr(user));
  EXPECT_THAT(read_file(directory + "/policy.d/org.alknet.Listen1.conf", 8192).value(), HasSubstr(user));
}

TEST_F(SetUpTest, ALongPathGoesThroughTheDirectorysDescriptor) {
  options_.state = temporary_.file(std::string(120, 'd'));
  auto setup = set_up();
  ASSERT_TRUE(setup);
  EXPECT_THAT(setup->children[0].directory, setup->state.descriptor());
  EXPECT_THAT(read_file(setup->state.paths().bus_directory() + "/bus.conf", 8192).value(),
              HasSubstr("<listen>unix:path=/proc/self/fd/3/bus</listen>"));
  EXPECT_EQ(setup->children[1].arguments.back(), "unix:path=/proc/self/fd/3/bus");
  EXPECT_EQ(setup->children[2].arguments.back(), "unix:path=/proc/self/fd/5/bus"); // behind two sockets
}

TEST_F(SetUpTest, EveryProblemOfTheFileIsReportedAndNothingListens) {
  ASSERT_TRUE(set_up());
  ASSERT_TRUE(write_file_atomically(temporary_.file("state/alknet.toml"),
                                    "[limits]\nbogus = 1\nmax_connections = \"x\"\n", 0600));
  auto setup = set_up();
  ASSERT_FALSE(setup);
  EXPECT_THAT(setup.error().describe(), HasSubstr("alknet.toml:2: limits.bogus"));
  EXPECT_THAT(setup.error().describe(), HasSubstr("alknet.toml:3: limits.max_connections"));
}

TEST_F(SetUpTest, StealthIsNotClaimedAgainstTheFile) {
  options_.stealth = true;
  ASSERT_TRUE(set_up());
  std::string path = temporary_.file("state/alknet.toml");
  std::string text = read_file(path, 8192).value();
  text.replace(text.find("stealth = true"), 14, "");
  ASSERT_TRUE(write_file_atomically(path, text, 0600));
  EXPECT_THAT(set_up().error().describe(), HasSubstr("--stealth: no listener"));
}

TEST_F(SetUpTest, AMissingDaemonIsFoundOutBeforeAnythingIsMade) {
  std::filesystem::remove(temporary_.file("alknet-listend"));
  auto setup = set_up();
  ASSERT_FALSE(setup);
  EXPECT_EQ(setup.error().kind, Kind::NotFound);
  EXPECT_THAT(setup.error().describe(), HasSubstr("alknet-listend: no such program in " + temporary_.path()));
  EXPECT_FALSE(std::filesystem::exists(options_.state));
}

TEST(Hints, TheReadyLineAndCommandLines) {
  std::vector<OpenListener> listeners;
  listeners.push_back({"tls", config::Transport::Tls, *parse_endpoint("127.0.0.1:8443"), Fd()});
  listeners.push_back({"ssh", config::Transport::Tcp, *parse_endpoint("[::]:8022"), Fd()});
  EXPECT_EQ(ready_line(listeners), "ready tls=127.0.0.1:8443 ssh=[::]:8022");
  StatePaths paths{"/s t"};
  EXPECT_THAT(
      connect_hints(listeners, paths, "alknet", ClientKey::Present),
      ElementsAre("alknet connect --server 127.0.0.1:8443 --transport tls --ca-file '/s t/tls/cert.pem' "
                  "--identity '/s t/client_ed25519' --known-hosts '/s t/known_hosts'",
                  "alknet connect --server [::1]:8022 --identity '/s t/client_ed25519' "
                  "--known-hosts '/s t/known_hosts'",
                  "ssh -N -D 127.0.0.1:1080 -p 8022 -i '/s t/client_ed25519' "
                  "-o IdentitiesOnly=yes -o 'UserKnownHostsFile=\"/s t/known_hosts\"' ::1"));
  EXPECT_THAT(connect_hints(listeners, paths, "alknet", ClientKey::Absent).front(),
              Not(HasSubstr("client_ed25519")));
}

TEST(Hints, ShellWords) {
  EXPECT_EQ(shell_word("/plain/path"), "/plain/path");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
}

} // namespace alk::alknet::serve_setup_test
