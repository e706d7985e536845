#include "base/fd.hpp"
#include "log/log.hpp"

#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::log::log_test {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

constexpr const Event* events[] = {
    &event::auth_attempt,      &event::connection_opened,     &event::connection_rejected,
    &event::connection_closed, &event::server_running,        &event::server_stopping,
    &event::reload_done,       &event::reload_failed,         &event::session_revoked,
    &event::channel_refused,   &event::descriptors_exhausted, &event::peer_unavailable,
    &event::key_line_skipped,  &event::bus_call_refused,      &event::host_key_taken,
    &event::host_key_missing,  &event::client_unserved,       &event::secret_refused,
    &event::storage_opened,    &event::storage_lost,          &event::storage_back,
    &event::storage_full,      &event::storage_damaged,       &event::audit_anchor,
};

class Log : public testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("ALKNET_LOG");
    ::unsetenv("JOURNAL_STREAM");
  }
};

// The words and their order are a promise to fail2ban: contracts/log-events.md.
TEST_F(Log, FormatIsTheNameAndThenThePairs) {
  EXPECT_EQ(format(event::auth_attempt, {{"remote_addr", "198.51.100.7"},
                                         {"user", "alice"},
                                         {"key_fingerprint", "SHA256:Kx3+/abc"},
                                         {"result", "reject"}}),
            "auth attempt remote_addr=198.51.100.7 user=alice key_fingerprint=SHA256:Kx3+/abc result=reject");
  EXPECT_EQ(
      format(event::connection_closed, {{"remote_addr", "2001:db8::1"}, {"duration", std::uint64_t{12}}}),
      "connection closed remote_addr=2001:db8::1 duration=12");
  EXPECT_EQ(format(event::server_stopping, {}), "server stopping");
  EXPECT_EQ(format(event::reload_done, {{"generation", -1}, {"file", ""}}),
            "reload done generation=-1 file=-");
}

TEST_F(Log, AUserNameInjectsNeitherPairNorLine) {
  auto line =
      format(event::auth_attempt, {{"user", "x result=accept\nINFO auth attempt remote_addr=203.0.113.9"}});
  EXPECT_EQ(line,
            "auth attempt "
            "user=x\\x20result\\x3daccept\\x0aINFO\\x20auth\\x20attempt\\x20remote_addr\\x3d203.0.113.9");
  EXPECT_EQ(format(event::auth_attempt, {{"user", "\"a\" 'b' ü"}}),
            "auth attempt user=\\x22a\\x22\\x20\\x27b\\x27\\x20\\xc3\\xbc");
}

TEST_F(Log, LongValuesAreCut) {
  auto line = format(event::auth_attempt, {{"user", std::string(100'000, 'u')}, {"result", "reject"}});
  EXPECT_EQ(line, "auth attempt user=" + std::string(256, 'u') + "... result=reject");
}

TEST_F(Log, StderrLinesBeginWithTheLevelAndHideHiddenFields) {
  open("test", Level::Debug, Sink::Stderr);
  CaptureStderr();
  write(Level::Info, event::connection_opened, {{"remote_addr", "192.0.2.1"}}, {{"remote_port", 22}});
  warning("disk\nfull\x1b[31m");
  error("e");
  debug("d");
  EXPECT_EQ(GetCapturedStderr(),
            "INFO connection opened remote_addr=192.0.2.1\nWARN disk full [31m\nERROR e\nDEBUG d\n");
}

TEST_F(Log, LevelsBelowTheChosenOneAreSilent) {
  open("test", Level::Warning, Sink::Stderr);
  CaptureStderr();
  info("no");
  debug("no");
  write(Level::Info, event::server_running, {});
  warning("yes");
  EXPECT_EQ(GetCapturedStderr(), "WARN yes\n");
  EXPECT_TRUE(enabled(Level::Error));
  EXPECT_FALSE(enabled(Level::Info));
}

TEST_F(Log, TheEnvironmentOverridesTheLevelButOnlyWithAKnownWord) {
  ::setenv("ALKNET_LOG", "debug", 1);
  open("test", Level::Error, Sink::Stderr);
  EXPECT_TRUE(enabled(Level::Debug));
  ::setenv("ALKNET_LOG", "loud", 1);
  open("test", Level::Error, Sink::Stderr);
  EXPECT_FALSE(enabled(Level::Warning));
}

// JOURNAL_STREAM counts only when it names the very file behind stderr; a redirected stderr gets plain lines.
TEST_F(Log, ARedirectedStderrIsNotTheJournal) {
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  open("test", Level::Info);
  CaptureStderr();
  info("plain");
  EXPECT_EQ(GetCapturedStderr(), "INFO plain\n");
}

TEST_F(Log, MessageIdsAreWellFormedAndUnique) {
  std::set<std::string_view> ids, names;
  for (const Event* event : events) {
    EXPECT_THAT(std::string(event->id), testing::MatchesRegex("[0-9a-f]+"));
    EXPECT_EQ(event->id.size(), 32U) << event->name;
    ids.insert(event->id);
    names.insert(event->name);
  }
  EXPECT_EQ(ids.size(), std::size(events));
  EXPECT_EQ(names.size(), std::size(events));
}

} // namespace
} // namespace alk::log::log_test
