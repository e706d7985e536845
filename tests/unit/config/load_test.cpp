#include "config/config.hpp"
#include "config/key_source.hpp"
#include "temp_dir.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace alk::config::load_test {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class Load : public testing::Test {
 protected:
  std::vector<std::string> problems() const {
    auto loaded = load(file);
    std::vector<std::string> lines;
    if (!loaded)
      for (auto& problem : loaded.error()) lines.push_back(problem.describe());
    return lines;
  }
  test::TempDir dir;
  std::string file = dir.at("alknet.toml");
};

TEST_F(Load, DropInsOverrideAndAppendInNameOrder) {
  dir.write("alknet.toml", "[limits]\nmax_connections = 1\nmax_auth_attempts = 4\n"
                           "[[forwarding.rules]]\ntarget = \"a\"\naction = \"deny\"\n"
                           "[auth.ssh]\nauthorized_keys = [\"/a\"]\n");
  dir.write("alknet.toml.d/20-b.toml", "[limits]\nmax_connections = 3\n"
                                       "[[forwarding.rules]]\ntarget = \"c\"\naction = \"deny\"\n");
  dir.write("alknet.toml.d/10-a.toml", "[limits]\nmax_connections = 2\n"
                                       "[[forwarding.rules]]\ntarget = \"b\"\naction = \"deny\"\n"
                                       "[auth.ssh]\nauthorized_keys = [\"/b\"]\n");
  dir.write("alknet.toml.d/.hidden.toml", "broken");
  dir.write("alknet.toml.d/30.toml.bak", "broken");
  auto loaded = load(file);
  ASSERT_TRUE(loaded) << testing::PrintToString(problems());
  EXPECT_EQ(loaded->dynamic.limits.max_connections, 3U);
  EXPECT_EQ(loaded->dynamic.limits.max_auth_attempts, 4U);
  EXPECT_THAT(loaded->dynamic.auth.authorized_keys, ElementsAre("/b"));
  ASSERT_EQ(loaded->dynamic.forwarding.rules.size(), 3U);
  EXPECT_EQ(loaded->dynamic.forwarding.rules[0].text, "a");
  EXPECT_EQ(loaded->dynamic.forwarding.rules[1].text, "b");
  EXPECT_EQ(loaded->dynamic.forwarding.rules[2].text, "c");
}

TEST_F(Load, EveryFileIsReported) {
  dir.write("alknet.toml", "[limits]\nx = 1\n[[listeners]]\nname = \"a\"\ntransport = \"tcp\"\n");
  dir.write("alknet.toml.d/1.toml", "y = \n");
  dir.write("alknet.toml.d/2.toml", "[[listeners]]\nname = 7\ntransport = \"tcp\"\n");
  std::filesystem::create_directory(dir.at("alknet.toml.d/3.toml"));
  auto lines = problems();
  ASSERT_EQ(lines.size(), 4U) << testing::PrintToString(lines);
  EXPECT_EQ(lines[0], file + ".d/3.toml: cannot be read: Is a directory");
  EXPECT_EQ(lines[1], file + ":2: limits.x: unknown key");
  EXPECT_THAT(lines[2], HasSubstr(file + ".d/1.toml:1: "));
  EXPECT_EQ(lines[3], file + ".d/2.toml:2: listeners[1].name: must be a string, not an integer");
}

TEST_F(Load, ProblemsAcrossFilesStandWhereTheKeyWasSetLast) {
  dir.write("alknet.toml", "[server.tls]\ncert = \"/c\"\n");
  dir.write("alknet.toml.d/1.toml", "\n[server.tls]\ncert = \"/d\"\n");
  EXPECT_THAT(problems(),
              ElementsAre(file + ".d/1.toml:3: server.tls.cert: a certificate needs its key as well"));
  dir.write("alknet.toml.d/2.toml", "server.tls.key = \"/k\"\n");
  EXPECT_TRUE(load(file));
}

TEST_F(Load, MissingFile) {
  EXPECT_THAT(problems(), ElementsAre(file + ": cannot be read: No such file or directory"));
}

TEST_F(Load, RelativePathsStandBesideTheMainFile) {
  dir.write("alknet.toml",
            "[auth]\nhost_key = \"host_key\"\nssh.authorized_keys = [\"keys\", \"ssh-ed25519 AAAA\"]\n"
            "[server.tls]\ncert = \"credential:c\"\nkey = \"/k\"\n");
  dir.write("alknet.toml.d/1.toml", "[[listeners]]\nname = \"t\"\ntransport = \"tls\"\ntls.cert = \"tls/c\"\n"
                                    "tls.key = \"tls/k\"\nstealth = true\nweb_root = \"www\"\n");
  auto loaded = load(file);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->fixed.host_key, dir.at("host_key"));
  EXPECT_THAT(loaded->dynamic.auth.authorized_keys, ElementsAre(dir.at("keys"), "ssh-ed25519 AAAA"));
  EXPECT_EQ(loaded->fixed.server.tls.cert, "credential:c");
  EXPECT_EQ(loaded->fixed.server.tls.key, "/k");
  EXPECT_EQ(loaded->fixed.listeners[0].tls.key, dir.at("tls/k"));
  EXPECT_EQ(loaded->fixed.listeners[0].web_root, dir.at("www"));
}

TEST_F(Load, DigestFollowsDropInsAndNotTheDirectory) {
  dir.write("alknet.toml", "[limits]\n");
  auto before = load(file)->digest;
  dir.write("alknet.toml.d/1.toml", "");
  auto with = load(file)->digest;
  EXPECT_NE(before, with);
  dir.write("other/alknet.toml", "[limits]\n");
  dir.write("other/alknet.toml.d/1.toml", "");
  EXPECT_EQ(load(dir.at("other/alknet.toml"))->digest, with);
}

TEST_F(Load, WarnsOfKeysThatEverybodyReads) {
  auto key = dir.write("host_key", "k");
  dir.write("alknet.toml", "[auth]\n\nhost_key = \"host_key\"\n");
  auto warnings = [&] {
    std::vector<std::string> lines;
    auto loaded = load(file).value_or(Configuration{});
    for (auto& warning : loaded.warnings) lines.push_back(warning.describe());
    return lines;
  };
  ::chmod(key.c_str(), 0644);
  EXPECT_THAT(warnings(),
              Contains(file + ":3: auth.host_key: the private key file can be read by everybody on this "
                              "machine"));
  ::chmod(key.c_str(), 0600);
  EXPECT_THAT(warnings(), Not(Contains(HasSubstr("host_key"))));
}

TEST_F(Load, TheHostKeyHasOnePlaceInAFile) {
  auto problems = [&](const std::string& text) {
    dir.write("alknet.toml", text);
    auto loaded = load(file);
    return loaded ? std::string() : loaded.error().front().describe();
  };
  EXPECT_EQ(problems("[server]\nhost_key = \"secret:\"\n"), "");
  EXPECT_EQ(load(file)->fixed.host_key, "secret:"); // no path beside the file
  EXPECT_THAT(problems("[server]\nhost_key = \"secret:m/0\"\n"), HasSubstr("nothing stands behind"));
  EXPECT_THAT(problems("[server]\nhost_key = \"a\"\n[auth]\nhost_key = \"b\"\n"),
              HasSubstr(":4: auth.host_key: is in [server] as well"));
  EXPECT_EQ(problems("[auth]\nhost_key = \"/a\"\n"), "");
  dir.write("alknet.toml.d/1.toml", "[server]\nhost_key = \"secret:\"\n"); // a later file counts
  EXPECT_EQ(load(file)->fixed.host_key, "secret:");
}

TEST_F(Load, TotalSizeIsBounded) {
  dir.write("alknet.toml", std::string(3 << 20, '#'));
  EXPECT_TRUE(load(file));
  dir.write("alknet.toml.d/1.toml", std::string(2 << 20, '#'));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("1.toml: cannot be read: larger than")));
}

class Keys : public testing::Test {
 protected:
  test::TempDir dir;
  KeySource keys{dir.at("creds")};
};

TEST_F(Keys, FromCredentialsAndFromPaths) {
  dir.write("creds/tls.key", "secret");
  EXPECT_EQ(keys.read("credential:tls.key")->view(), "secret");
  EXPECT_EQ(keys.read(dir.at("creds/tls.key"))->view(), "secret");
}

TEST_F(Keys, TheErrorNamesTheFile) {
  auto missing = keys.read("credential:nothing");
  EXPECT_EQ(missing.error().kind, Kind::NotFound);
  EXPECT_THAT(missing.error().what, HasSubstr(dir.at("creds/nothing")));
  EXPECT_THAT(keys.read(dir.at("x")).error().what, HasSubstr(dir.at("x")));
}

TEST_F(Keys, NamesThatLeaveTheDirectoryAreRefused) {
  dir.write("outside", "x");
  dir.write("creds/in", "x");
  for (auto name :
       {"credential:", "credential:../outside", "credential:.", "credential:..", "credential:a/b"})
    EXPECT_EQ(keys.read(name).error().kind, Kind::Invalid) << name;
  EXPECT_EQ(KeySource("").read("credential:in").error().kind, Kind::NotFound);
}

TEST_F(Keys, EmptyAndLargeFilesAreRefused) {
  auto path = dir.write("k", "");
  EXPECT_EQ(keys.read(path).error().kind, Kind::Invalid);
  dir.write("k", std::string(KeySource::size_limit, 'x'));
  EXPECT_EQ(keys.read(path)->size(), KeySource::size_limit);
  dir.write("k", std::string(KeySource::size_limit + 1, 'x'));
  EXPECT_THAT(keys.read(path).error().what, HasSubstr("larger than 1048576 bytes"));
}

TEST_F(Keys, DirectoryComesFromTheEnvironment) {
  dir.write("creds/a", "x");
  ::setenv("CREDENTIALS_DIRECTORY", dir.at("creds").c_str(), 1);
  EXPECT_TRUE(KeySource().read("credential:a"));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_FALSE(KeySource().read("credential:a"));
}

TEST_F(Load, KeepsTheSourcesAndTheyMeanTheSame) {
  dir.write("alknet.toml", "[limits]\nmax_connections = 5\n");
  dir.write("alknet.toml.d/10-more.toml", "[limits]\nmax_auth_attempts = 4\n");
  Sources kept;
  auto loaded = load(file, kept);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].text, "[limits]\nmax_auth_attempts = 4\n");
  auto parsed = parse(kept, Unknown::Refuse);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->digest, loaded->digest);
  EXPECT_EQ(parsed->fixed, loaded->fixed);
  EXPECT_EQ(parsed->dynamic, loaded->dynamic);
}

TEST(Sources, OfALaterReleaseAreUnderstoodAsFarAsPossible) {
  Sources later{
      {"/x/alknet.toml", "alknet.toml", "[limits]\nmax_connections = 5\nof_tomorrow = 1\n[new]\na = 1\n"}};
  EXPECT_FALSE(parse(later, Unknown::Refuse));
  auto parsed = parse(later, Unknown::Ignore);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->dynamic.limits.max_connections, 5U);
  EXPECT_FALSE(
      parse({{"/x/alknet.toml", "alknet.toml", "[limits]\nmax_connections = true\n"}}, Unknown::Ignore));
  EXPECT_FALSE(parse(Sources{}, Unknown::Ignore));
}

TEST(KeySource, OfHeldKeysOpensNothing) {
  auto held = std::make_shared<HeldKeys>();
  held->emplace("credential:host_key", SecretBytes(std::string_view("secret")));
  KeySource keys{std::shared_ptr<const HeldKeys>(held)};
  EXPECT_EQ(keys.read("credential:host_key")->view(), "secret");
  auto absent = keys.read("/etc/hostname");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, Kind::NotFound);
}

} // namespace
} // namespace alk::config::load_test
