// The smallest real children: /bin/sh, gone within milliseconds.
#include "line_buffer.hpp"
#include "notify_socket.hpp"
#include "serve_process.hpp"

#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alk::alknet::serve_process_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

static ProcessSpec shell(const std::string& script) {
  return {"child", "/bin/sh", {"-c", script}, {"PATH=/usr/bin:/bin"}, {}, -1};
}

struct Ended {
  std::string output;
  int status = 0;
};

static Ended run(const ProcessSpec& spec) {
  auto started = start_process(spec);
  EXPECT_TRUE(started) << started.error().describe();
  Ended ended;
  EXPECT_EQ(::waitpid(started->pid, &ended.status, 0), started->pid);
  char chunk[4096];
  for (ssize_t count; (count = ::read(started->output.get(), chunk, sizeof chunk)) > 0;)
    ended.output.append(chunk, static_cast<std::size_t>(count));
  return ended;
}

TEST(StartProcess, BothOutputsComeBackAndTheInputIsEmpty) {
  Ended ended = run(shell("echo out; echo err >&2; cat; exit 3"));
  EXPECT_EQ(ended.output, "out\nerr\n");
  EXPECT_EQ(describe_exit(ended.status), "exit status 3");
}

TEST(StartProcess, SocketsAreNumberedNamedAndAddressedToTheChild) {
  Fd one(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  Fd two(::open("/etc/group", O_RDONLY | O_CLOEXEC));
  Fd directory(::open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ProcessSpec spec = shell("echo $LISTEN_FDS $LISTEN_FDNAMES; test $LISTEN_PID = $$ && echo mine; "
                           "readlink /proc/$$/fd/3 /proc/$$/fd/4 /proc/$$/fd/5");
  spec.sockets = {{"tls", two.get()}, {"ssh", one.get()}};
  spec.directory = directory.get();
  EXPECT_EQ(run(spec).output, "2 tls:ssh\nmine\n/etc/group\n/etc/passwd\n/etc\n");
}

TEST(StartProcess, NothingElseIsInherited) {
  int leaked = ::open("/etc/passwd", O_RDONLY); // deliberately without O_CLOEXEC
  Ended ended =
      run(shell("test -e /proc/$$/fd/" + std::to_string(leaked) + " || echo closed; env | grep -c LISTEN"));
  ::close(leaked);
  EXPECT_EQ(ended.output, "closed\n0\n");
}

TEST(StartProcess, ItsOwnSessionAndDefaultSignals) {
  ::signal(SIGPIPE, SIG_IGN);
  Ended ended = run(shell("read line < /proc/$$/stat; set -- $line; test $6 = $$ && echo leader; "
                          "grep -E 'Sig(Ign|Blk)' /proc/$$/status | tr -d '0\\t\\n'"));
  EXPECT_EQ(ended.output, "leader\nSigBlk:SigIgn:");
}

TEST(StartProcess, AMissingProgramIsAnErrorNotAChild) {
  ProcessSpec spec = shell("");
  spec.program = "/nonexistent/alknet-authd";
  auto started = start_process(spec);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, Kind::NotFound);
  EXPECT_THAT(started.error().describe(), HasSubstr("/nonexistent/alknet-authd"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1); // no child is left
}

TEST(StartProcess, AProgramWithoutASlashIsLookedUp) {
  ProcessSpec spec = shell("echo found");
  spec.program = "sh";
  EXPECT_EQ(run(spec).output, "found\n");
}

TEST(StartProcess, SignalsAreDescribed) {
  EXPECT_EQ(describe_exit(run(shell("kill -9 $$")).status), "killed by signal 9 (Killed)");
}

// The child holds the write end of a pipe: the pipe ends when it is gone.
TEST(StartProcess, DiesWithTheOneWhoStartedIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd life(ends[0]);
  Fd held(ends[1]);
  ::pid_t parent = ::fork();
  if (parent == 0) {
    auto started = start_process({"child", "/bin/cat", {"/dev/zero"}, {}, {{"held", held.get()}}, -1});
    ::raise(started ? SIGKILL : SIGABRT); // cat blocks on its full output
  }
  held.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  ::pollfd ended{life.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 10000), 1) << "the child lives on";
  char byte = 0;
  EXPECT_EQ(::read(life.get(), &byte, 1), 0);
}

TEST(Environment, WhatBelongsToTheServiceManagerIsLeftOut) {
  const char* environment[] = {"PATH=/bin",
                               "NOTIFY_SOCKET=/run/x",
                               "LISTEN_PID=1",
                               "LISTEN_FDS=2",
                               "WATCHDOG_USEC=3",
                               "DBUS_SESSION_BUS_ADDRESS=x",
                               "ALKNET_BUS_ADDRESS=y",
                               "KRB5_CONFIG=z",
                               "ALKNET_LOG=debug",
                               "JOURNAL_STREAM=8:9",
                               nullptr};
  EXPECT_THAT(inherited_environment(environment), ElementsAre("PATH=/bin", "ALKNET_LOG=debug"));
}

class NotifyTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = NotifySocket::open();
    ASSERT_TRUE(opened);
    notify_ = std::move(*opened);
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string name = notify_.name();
    ASSERT_EQ(name.front(), '@');
    name.copy(address.sun_path, name.size());
    address.sun_path[0] = '\0';
    sender_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(::connect(sender_.get(), reinterpret_cast<::sockaddr*>(&address), size), 0);
  }
  void say(std::string_view text) {
    ASSERT_EQ(::send(sender_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  NotifySocket notify_;
  Fd sender_;
};

TEST_F(NotifyTest, OnlyReadinessCountsAndTheKernelSaysWhoIsReady) {
  say("STATUS=READY=1 soon");
  say("WATCHDOG=1");
  EXPECT_THAT(notify_.take_ready(), IsEmpty());
  say("STATUS=up\nREADY=1\n");
  EXPECT_THAT(notify_.take_ready(), ElementsAre(::getpid()));
  EXPECT_THAT(notify_.take_ready(), IsEmpty());
}

TEST_F(NotifyTest, OverlongMessagesDoNoHarm) {
  say("READY=1\n" + std::string(3 * notification_limit, 'x'));
  EXPECT_THAT(notify_.take_ready(), ElementsAre(::getpid()));
}

class Lines : public testing::Test {
 protected:
  void append(std::string_view text) {
    buffer_.append(text, [this](std::string_view line) { lines_.emplace_back(line); });
  }
  LineBuffer buffer_;
  std::vector<std::string> lines_;
};

TEST_F(Lines, ComeOutWhole) {
  append("on");
  append("e\ntwo\n\nthr");
  EXPECT_THAT(lines_, ElementsAre("one", "two", ""));
  EXPECT_EQ(buffer_.last(), "two");
  buffer_.finish([this](std::string_view line) { lines_.emplace_back(line); });
  EXPECT_THAT(lines_, ElementsAre("one", "two", "", "thr"));
  EXPECT_EQ(buffer_.last(), "thr");
}

TEST_F(Lines, AnEndlessLineIsCut) {
  append(std::string(2 * line_limit + 5, 'x') + "\n");
  ASSERT_EQ(lines_.size(), 3u);
  EXPECT_EQ(lines_[0].size(), line_limit);
  EXPECT_EQ(lines_[2].size(), 5u);
}

} // namespace alk::alknet::serve_process_test
