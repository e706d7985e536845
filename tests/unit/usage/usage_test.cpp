#include "usage/usage.hpp"

#include <gtest/gtest.h>

namespace alk::usage {
namespace {

// A program with the verbs that alknetctl has: one with verbs below it, one with arguments.
class Mistakes : public testing::Test {
 protected:
  Mistakes() {
    program_.require_subcommand(0, 1);
    program_.add_flag("--json");
    CLI::App* store = program_.add_subcommand("store");
    store->fallthrough();
    store->require_subcommand(1);
    CLI::App* restore = store->add_subcommand("restore");
    restore->fallthrough();
    restore->add_option("FILE", file_)->required();
    restore->add_option("--limit", limit_);
  }

  std::string said_of(const std::string& line) {
    try {
      program_.parse(line);
    } catch (const CLI::Error& error) {
      return explain(&program_, error);
    }
    return "";
  }

 private:
  CLI::App program_{"", "ctl"};
  std::string file_;
  int limit_ = 0;
};

TEST_F(Mistakes, AnUnknownVerbIsNamedWhereItStands) {
  EXPECT_EQ(said_of("stor"), "error: no such verb: stor\nRun ctl --help for more.\n");
  EXPECT_EQ(said_of("store wipe all"), "error: no such verb: wipe\nRun ctl store --help for more.\n");
}

TEST_F(Mistakes, AMissingVerb) {
  EXPECT_EQ(said_of("store"), "error: a verb is needed\nRun ctl store --help for more.\n");
  EXPECT_EQ(said_of("store --json"), "error: a verb is needed\nRun ctl store --help for more.\n");
}

TEST_F(Mistakes, AnUnknownOption) {
  EXPECT_EQ(said_of("store restore --fast a"),
            "error: no such option: --fast\nRun ctl store restore --help for more.\n");
  EXPECT_EQ(said_of("--jsn"), "error: no such option: --jsn\nRun ctl --help for more.\n");
}

TEST_F(Mistakes, TooFewAndTooManyArguments) {
  EXPECT_EQ(said_of("store restore"), "error: FILE is required\nRun ctl store restore --help for more.\n");
  EXPECT_EQ(said_of("store restore a b c"),
            "error: one argument too many: b\nRun ctl store restore --help for more.\n");
}

TEST_F(Mistakes, AValueThatIsNone) {
  EXPECT_NE(said_of("store restore a --limit x").find("--limit"), std::string::npos);
}

TEST_F(Mistakes, AGoodLineIsNone) {
  EXPECT_EQ(said_of("--json store restore a --limit 3"), "");
}

} // namespace
} // namespace alk::usage
