#include "base/version.hpp"
#include "config/config.hpp"
#include "daemon/daemon.hpp"
#include "daemon/options.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alk::daemon::options_test {
namespace {

Result<Options> parse(std::vector<const char*> arguments) {
  return parse_options(arguments);
}

TEST(Options, DefaultsAreTheInstalledFiles) {
  auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config, config::default_path);
  EXPECT_EQ(options->bus_address, "");
  EXPECT_EQ(options->action, Options::Action::Run);
}

TEST(Options, BothFormsOfAValue) {
  auto options = parse({"--config", "/a", "--bus-address=unix:path=/b"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->config, "/a");
  EXPECT_EQ(options->bus_address, "unix:path=/b");
}

TEST(Options, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse({"--confg=/a"}).error().what, "unknown option: --confg=/a");
  EXPECT_EQ(parse({"/etc/x"}).error().kind, Kind::Invalid);
  EXPECT_EQ(parse({"--config"}).error().what, "--config needs a value");
  EXPECT_EQ(parse({"--config="}).error().what, "--config needs a value");
}

TEST(Options, ActionsThatDoNotRun) {
  EXPECT_EQ(parse({"--help"})->action, Options::Action::Help);
  EXPECT_EQ(parse({"--version"})->action, Options::Action::Version);
  EXPECT_EQ(parse({"--bus-introspect"})->action, Options::Action::Introspect);
  EXPECT_THAT(help_text("alknet-authd"), testing::HasSubstr(config::default_path));
}

// main's other half: what it prints and returns without a bus.
struct Main : testing::Test {
  Description description{"alknet-testd", "org.alknet.Test1", [] {
                            return bus::Interface{"org.alknet.Test1", {}, {}, {{"Changed", {}}}, {}};
                          }};
  bool started = false;
  std::string output;

  int call(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "alknet-testd");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int code = run(static_cast<int>(arguments.size()), const_cast<char**>(arguments.data()), description,
                   [this](Context&) -> Result<std::unique_ptr<Service>> {
                     started = true;
                     return fail(Kind::Broken, "not today");
                   });
    output = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    return code;
  }
};

TEST_F(Main, PrintsWithoutStarting) {
  EXPECT_EQ(call({"--version"}), 0);
  EXPECT_EQ(output, "alknet-testd " + std::string(version()) + "\n");
  EXPECT_EQ(call({"--bus-introspect"}), 0);
  EXPECT_THAT(output, testing::HasSubstr("<interface name=\"org.alknet.Test1\">"));
  EXPECT_FALSE(started);
}

TEST_F(Main, WrongUsageIsTwo) {
  EXPECT_EQ(call({"--nonsense"}), 2);
  EXPECT_THAT(output, testing::HasSubstr("alknet-testd: unknown option: --nonsense"));
}

TEST_F(Main, NoBusIsOne) {
  EXPECT_EQ(call({"--bus-address=unix:path=/nonexistent/bus"}), 1);
  EXPECT_THAT(output, testing::HasSubstr("connecting to the bus unix:path=/nonexistent/bus"));
  EXPECT_FALSE(started);
}

} // namespace
} // namespace alk::daemon::options_test
