#include "base/text.hpp"
#include "config/config.hpp"
#include "serve_config.hpp"
#include "serve_state.hpp"
#include "ssh/key_file.hpp"
#include "temporary_directory.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::alknet::serve_state_test {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class State : public testing::Test {
 protected:
  TemporaryDirectory temporary_;
  StatePaths paths_{temporary_.file("state")};

  static unsigned mode(const std::string& path) {
    struct ::stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  static std::string content(const std::string& path) {
    return read_file(path, 1 << 20).value_or("(missing)");
  }
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(paths_.directory))
      if (entry.is_regular_file()) all[entry.path()] = content(entry.path());
    return all;
  }
  void make() {
    auto state = StateDirectory::open(paths_);
    ASSERT_TRUE(state) << state.error().describe();
    auto made = make_missing_files(paths_);
    ASSERT_TRUE(made) << made.error().describe();
    ASSERT_TRUE(write_config({}, paths_));
  }
};

TEST_F(State, FirstStartMakesEverythingForItsOwnerAlone) {
  ::mode_t before = ::umask(0);
  make();
  ::umask(before);
  EXPECT_EQ(mode(paths_.directory), 0700u);
  EXPECT_EQ(mode(paths_.tls_directory()), 0700u);
  for (const auto& path : {paths_.host_key(), paths_.tls_cert(), paths_.tls_key(), paths_.client_key(),
                           paths_.client_public_key(), paths_.authorized_keys(), paths_.config()})
    EXPECT_EQ(mode(path), 0600u) << path;
  auto line = ssh::read_public_line(paths_.client_key());
  ASSERT_TRUE(line);
  EXPECT_THAT(content(paths_.authorized_keys()), HasSubstr("\n" + *line + " "));
  EXPECT_THAT(content(paths_.client_public_key()), StartsWith(*line));
  EXPECT_NE(ssh::read_public_line(paths_.host_key()).value(), *line);
  EXPECT_EQ(everything().size(), 8u) << "seven files and the lock";
}

TEST_F(State, SecondStartChangesNothing) {
  make();
  auto before = everything();
  make();
  EXPECT_EQ(everything(), before);
}

TEST_F(State, ExistingFilesAreKept) {
  ASSERT_TRUE(StateDirectory::open(paths_));
  for (const auto& path : {paths_.authorized_keys(), paths_.config(), paths_.host_key()})
    ASSERT_TRUE(write_file_atomically(path, "mine", 0640));
  make();
  for (const auto& path : {paths_.authorized_keys(), paths_.config(), paths_.host_key()}) {
    EXPECT_EQ(content(path), "mine");
    EXPECT_EQ(mode(path), 0640u);
  }
}

TEST_F(State, ADeletedClientKeyDoesNotComeBack) {
  make();
  std::filesystem::remove(paths_.client_key());
  make();
  EXPECT_FALSE(std::filesystem::exists(paths_.client_key()));
}

TEST_F(State, AnExistingClientKeyIsTheOneAuthorised) {
  make();
  std::string key = content(paths_.client_key());
  std::string before = content(paths_.authorized_keys());
  std::filesystem::remove(paths_.authorized_keys());
  make();
  EXPECT_EQ(content(paths_.client_key()), key);
  EXPECT_EQ(content(paths_.authorized_keys()), before);
}

TEST_F(State, HalfATlsPair) {
  make();
  std::string key = content(paths_.tls_key());
  std::filesystem::remove(paths_.tls_cert());
  make();
  EXPECT_EQ(content(paths_.tls_key()), key);
  EXPECT_TRUE(std::filesystem::exists(paths_.tls_cert()));

  std::filesystem::remove(paths_.tls_key());
  auto made = make_missing_files(paths_);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().describe(), HasSubstr("without its key, "));
  EXPECT_FALSE(std::filesystem::exists(paths_.tls_key()));
}

TEST_F(State, OneServeAtATime) {
  auto first = StateDirectory::open(paths_);
  ASSERT_TRUE(first);
  auto second = StateDirectory::open(paths_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::Conflict);
  EXPECT_THAT(second.error().describe(), HasSubstr("another `alknet serve`"));
}

TEST_F(State, ADirectoryThatOthersWriteToIsRefused) {
  std::filesystem::create_directory(paths_.directory);
  ASSERT_EQ(::chmod(paths_.directory.c_str(), 0777), 0);
  auto state = StateDirectory::open(paths_);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().kind, Kind::Denied);
  EXPECT_THAT(everything(), IsEmpty());
}

TEST_F(State, ParentsAreNotInvented) {
  EXPECT_EQ(StateDirectory::open(StatePaths{temporary_.file("a/b")}).error().kind, Kind::NotFound);
}

TEST_F(State, PathsAreAbsolute) {
  EXPECT_EQ(state_paths("/a/./b/../c/")->directory, "/a/c");
  EXPECT_EQ(state_paths("/")->directory, "/");
  EXPECT_EQ(state_paths("x")->directory, std::filesystem::current_path().string() + "/x");
}

TEST_F(State, DefaultDirectory) {
  ::setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
  EXPECT_EQ(default_state_directory(), "/var/lib/one");
  ::setenv("STATE_DIRECTORY", "", 1);
  EXPECT_EQ(default_state_directory(), ".alknet");
  ::unsetenv("STATE_DIRECTORY");
  EXPECT_EQ(default_state_directory(), ".alknet");
}

TEST(KnownHosts, OurLineFollowsTheListenersAndOthersStay) {
  std::string first = update_known_hosts("", {"[127.0.0.1]:8443", "[localhost]:8443"}, "ssh-ed25519 AAAA");
  EXPECT_EQ(first, "[127.0.0.1]:8443,[localhost]:8443 ssh-ed25519 AAAA alknet-serve\n");
  std::string second =
      update_known_hosts("# note\nother ssh-ed25519 BBBB\n" + first, {"[::1]:1"}, "ssh-ed25519 CCCC");
  EXPECT_EQ(second, "# note\nother ssh-ed25519 BBBB\n[::1]:1 ssh-ed25519 CCCC alknet-serve\n");
  EXPECT_EQ(update_known_hosts(second, {"[::1]:1"}, "ssh-ed25519 CCCC"), second);
}

TEST(KnownHosts, NamesByWhichAListenerIsReached) {
  auto patterns = [](const char* endpoint) { return known_host_patterns({*parse_endpoint(endpoint)}); };
  EXPECT_THAT(patterns("127.0.0.1:8022"), testing::ElementsAre("[127.0.0.1]:8022", "[localhost]:8022"));
  EXPECT_THAT(patterns("192.0.2.1:22"), testing::ElementsAre("192.0.2.1", "localhost"));
  EXPECT_THAT(patterns("[::]:5"), testing::IsSupersetOf({"[127.0.0.1]:5", "[::1]:5", "[localhost]:5"}));
  EXPECT_THAT(known_host_patterns({*parse_endpoint("127.0.0.1:1"), *parse_endpoint("127.0.0.1:1")}),
              testing::SizeIs(2));
}

TEST_F(State, KnownHostsFile) {
  make();
  ASSERT_TRUE(write_known_hosts(paths_.known_hosts(), {"[::1]:1"}, "ssh-ed25519 AAAA"));
  EXPECT_EQ(mode(paths_.known_hosts()), 0600u);
  auto written = std::filesystem::last_write_time(paths_.known_hosts());
  ASSERT_TRUE(write_known_hosts(paths_.known_hosts(), {"[::1]:1"}, "ssh-ed25519 AAAA"));
  EXPECT_EQ(std::filesystem::last_write_time(paths_.known_hosts()), written);
}

TEST_F(State, OverridesFollowTheCommandLine) {
  make();
  std::string drop_in = paths_.config_overrides() + "/90-command-line.toml";
  ASSERT_EQ(write_config({.authorized_keys = "/k", .max_auth_attempts = 3}, paths_).value(), paths_.config());
  EXPECT_THAT(content(drop_in), HasSubstr("authorized_keys = [\"/k\"]"));
  EXPECT_THAT(content(drop_in), HasSubstr("[limits]\nmax_auth_attempts = 3\n"));
  EXPECT_THAT(content(drop_in), Not(HasSubstr("host_key")));
  EXPECT_EQ(mode(drop_in), 0600u);
  ASSERT_TRUE(write_config({}, paths_));
  EXPECT_FALSE(std::filesystem::exists(drop_in));
}

TEST_F(State, CommandLineConfiguration) {
  make();
  auto path = write_config({.transport = "tls", .listen = "0.0.0.0:443", .stealth = true}, paths_);
  ASSERT_TRUE(path);
  EXPECT_EQ(*path, paths_.command_line_config());
  std::string text = content(*path);
  EXPECT_THAT(text,
              HasSubstr("name = \"tls\"\ntransport = \"tls\"\nlisten = \"0.0.0.0:443\"\nstealth = true\n"));
  EXPECT_THAT(text, HasSubstr("cert = \"tls/cert.pem\""));
  text = command_line_config({.key = "/h", .listen = "127.0.0.1:1"});
  EXPECT_THAT(text, HasSubstr("name = \"ssh\"\ntransport = \"tcp\"\nlisten = \"127.0.0.1:1\"\n"));
  EXPECT_THAT(text, HasSubstr("host_key = \"/h\""));
  EXPECT_THAT(text, Not(HasSubstr("server.tls")));
  EXPECT_EQ(write_config({.config = "/etc/alknet/alknet.toml"}, paths_).value(), "/etc/alknet/alknet.toml");
}

TEST_F(State, GeneratedFilesAreGoodConfigurations) {
  make();
  auto loaded = config::load(paths_.config());
  ASSERT_TRUE(loaded) << loaded.error().front().describe();
  EXPECT_THAT(loaded->warnings, IsEmpty()) << loaded->warnings.front().describe();
  ASSERT_EQ(loaded->fixed.listeners.size(), 2u);
  EXPECT_EQ(loaded->fixed.listeners[0].name, "tls");
  EXPECT_TRUE(loaded->fixed.listeners[0].stealth);
  EXPECT_EQ(loaded->fixed.listeners[1].listen, "127.0.0.1:8022");
  EXPECT_EQ(loaded->fixed.host_key, paths_.host_key());
  EXPECT_EQ(config::tls_files(loaded->fixed, loaded->fixed.listeners[0]).cert, paths_.tls_cert());
  EXPECT_THAT(loaded->dynamic.auth.authorized_keys, testing::ElementsAre(paths_.authorized_keys()));
  EXPECT_EQ(loaded->dynamic.forwarding.rules.size(), 3u);

  auto path = write_config({.listen = "127.0.0.1:0", .max_connections_per_ip = 7}, paths_);
  loaded = config::load(path.value());
  ASSERT_TRUE(loaded) << loaded.error().front().describe();
  EXPECT_EQ(loaded->fixed.listeners.size(), 1u);
  EXPECT_EQ(loaded->dynamic.limits.max_connections_per_ip, 7u);

  path = write_config({.key = paths_.client_key(), .authorized_keys = paths_.client_public_key()}, paths_);
  loaded = config::load(path.value());
  ASSERT_TRUE(loaded) << loaded.error().front().describe();
  EXPECT_EQ(loaded->fixed.host_key, paths_.client_key());
  EXPECT_THAT(loaded->dynamic.auth.authorized_keys, testing::ElementsAre(paths_.client_public_key()));
}

TEST(TomlString, QuotesWhatNeedsIt) {
  EXPECT_EQ(toml_string("/a b/\"c\"\\d"), R"("/a b/\"c\"\\d")");
  EXPECT_EQ(toml_string("a\nb\x7f"), R"("a\u000Ab\u007F")");
}

} // namespace alk::alknet::serve_state_test
