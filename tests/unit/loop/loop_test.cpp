#include "base/fd.hpp"
#include "loop/activation.hpp"
#include "loop/notify.hpp"
#include "loop/pool.hpp"
#include "loop/signals.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <set>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace alk::loop::loop_test {
namespace {

using namespace std::chrono_literals;

TEST(Pool, EveryMemberHasAThreadOfItsOwn) {
  Pool pool(3);
  ASSERT_EQ(pool.size(), 3U);
  std::set<std::thread::id> threads;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    std::promise<std::thread::id> id;
    asio::post(pool.at(i), [&] { id.set_value(std::this_thread::get_id()); });
    threads.insert(id.get_future().get());
  }
  EXPECT_EQ(threads.size(), 3U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(Pool, WorkStaysOnItsLoop) {
  Pool pool(2);
  std::promise<bool> same;
  asio::post(pool.at(0), [&] {
    auto here = std::this_thread::get_id();
    asio::post(pool.at(0), [&same, here] { same.set_value(here == std::this_thread::get_id()); });
  });
  EXPECT_TRUE(same.get_future().get());
}

TEST(Pool, StopDropsWhatIsPendingAndJoins) {
  Pool pool(2);
  asio::steady_timer timer(pool.at(1), 1h);
  bool fired = false;
  timer.async_wait([&](std::error_code) { fired = true; });
  pool.stop();
  pool.stop();
  EXPECT_FALSE(fired);
}

TEST(Pool, ItsThreadsTakeNoSignals) {
  Pool pool(1);
  std::promise<bool> blocked;
  asio::post(pool.at(0), [&] {
    sigset_t set;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &set);
    blocked.set_value(::sigismember(&set, SIGTERM) == 1 && ::sigismember(&set, SIGINT) == 1);
  });
  EXPECT_TRUE(blocked.get_future().get());
  sigset_t mine;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_EQ(::sigismember(&mine, SIGTERM), 0);
}

TEST(StopSignals, TheFirstOneAsksToStop) {
  asio::io_context context;
  int got = 0;
  StopSignals signals(context, [&](int signal) {
    got = signal;
    context.stop();
  });
  ::raise(SIGTERM);
  context.run_for(5s);
  EXPECT_EQ(got, SIGTERM);
  ::raise(SIGPIPE); // ignored
}

TEST(StopSignalsDeathTest, TheSecondOneEndsTheProcess) {
  EXPECT_EXIT(
      {
        asio::io_context context;
        StopSignals signals(context, [](int) { ::raise(SIGINT); });
        ::raise(SIGTERM);
        context.run_for(5s);
      },
      testing::ExitedWithCode(1), "");
}

TEST(Activation, NothingPassedIsAnEmptyList) {
  ::unsetenv("LISTEN_FDS");
  EXPECT_TRUE(take_passed_descriptors().value().empty());
}

TEST(Activation, SomebodyElsesDescriptorsAreLeftAlone) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  EXPECT_TRUE(take_passed_descriptors().value().empty());
  ::unsetenv("LISTEN_FDS");
}

// In a child, where descriptors 3 and 4 are free to take.
TEST(ActivationDeathTest, NamesBelongToTheirDescriptors) {
  EXPECT_EXIT(
      {
        int ends[2];
        if (::pipe(ends) != 0) std::_Exit(9);
        int high = ::fcntl(ends[1], F_DUPFD, 100);
        ::dup2(ends[0], 3);
        ::dup2(high, 4);
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "2", 1);
        ::setenv("LISTEN_FDNAMES", "tls:ssh", 1);
        auto passed = take_passed_descriptors();
        bool good = passed && passed->size() == 2 && (*passed)[0].name == "tls" &&
                    (*passed)[0].fd.get() == 3 && (*passed)[1].name == "ssh" &&
                    std::getenv("LISTEN_FDS") == nullptr;
        std::_Exit(good ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

class Notify : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "alk-loop-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string path = directory_ + "/notify";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    for (auto name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    std::filesystem::remove_all(directory_);
  }
  std::string received() {
    char text[256];
    auto count = ::recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
    return count < 0 ? "" : std::string(text, static_cast<std::size_t>(count));
  }
  std::string directory_;
  Fd socket_;
};

TEST_F(Notify, SaysReadyAndStopping) {
  notify_ready("2 listeners");
  EXPECT_EQ(received(), "READY=1\nSTATUS=2 listeners");
  notify_status("busy");
  EXPECT_EQ(received(), "STATUS=busy");
  notify_stopping();
  EXPECT_EQ(received(), "STOPPING=1");
}

TEST_F(Notify, TheWatchdogBeatsAtHalfItsTime) {
  ::setenv("WATCHDOG_USEC", "20000", 1);
  asio::io_context context;
  Watchdog watchdog(context);
  EXPECT_EQ(received(), "WATCHDOG=1");
  EXPECT_EQ(context.run_one_for(5s), 1U);
  EXPECT_EQ(received(), "WATCHDOG=1");
}

TEST_F(Notify, WithoutWatchdogNothingIsSentAndNothingWaits) {
  asio::io_context context;
  Watchdog watchdog(context);
  EXPECT_EQ(received(), "");
  EXPECT_EQ(context.run(), 0U);
}

} // namespace
} // namespace alk::loop::loop_test
