// A real dbus-daemon of our own, and a service and a client on it.
#pragma once

#include "bus/object.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

namespace alk::bus {
using std::chrono::milliseconds;

// The system bus' limits, and rules that let everybody do everything.
inline constexpr const char* configuration =
    R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=@SOCKET@</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
  <limit name="max_replies_per_connection">128</limit>
</busconfig>
)";

class Daemon {
 public:
  Daemon() {
    char name[] = "/tmp/alk-live-XXXXXX";
    ALK_CHECK(::mkdtemp(name));
    directory_ = name;
    std::string text = configuration;
    text.replace(text.find("@SOCKET@"), 8, socket());
    std::ofstream(directory_ / "bus.conf") << text;
    start();
  }
  ~Daemon() {
    stop();
    std::filesystem::remove_all(directory_);
  }

  void start() {
    int ready[2];
    ALK_CHECK(::pipe(ready) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that crashes leaves nothing running
      ::dup2(ready[1], 3);
      ::dup2(::open((directory_ / "log").c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
      std::string config = "--config-file=" + (directory_ / "bus.conf").string();
      ::execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--print-address=3",
               config.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ready[1]);
    char byte = 0;
    ALK_CHECK(::read(ready[0], &byte, 1) == 1); // the address: it listens
    ::close(ready[0]);
  }

  void stop() {
    if (child_ > 0) {
      ::kill(child_, SIGTERM);
      ::waitpid(child_, nullptr, 0);
    }
    child_ = -1;
  }

  std::string socket() const { return (directory_ / "bus").string(); }
  std::string address() const { return "unix:path=" + socket(); }

 private:
  std::filesystem::path directory_;
  ::pid_t child_ = -1;
};

inline constexpr const char* name = "org.alknet.Test1";
inline constexpr const char* path = "/org/alknet/Test1";
inline constexpr Destination target{name, path, name};
inline constexpr PolicyRule anyone[] = {
    {"Keep", Who::Anyone}, {"WhoAmI", Who::Anyone}, {read_properties, Who::Anyone}};

struct LiveBus : testing::Test {
  Daemon daemon;
  asio::io_context loop;
  std::unique_ptr<Connection> service = open();
  std::unique_ptr<Connection> client = open();
  std::vector<Call> kept;
  std::unique_ptr<Object> object;

  std::unique_ptr<Connection> open() {
    auto connection = Connection::open(loop, daemon.address());
    ALK_CHECK(connection);
    return std::move(*connection);
  }

  void SetUp() override {
    Interface interface {
      name,
          {{"Keep", {}, {}, [this](Call call) { kept.push_back(std::move(call)); }},
           {"WhoAmI",
            {},
            {{"u", "uid"}},
            [](Call& call) -> Result<void> {
              call.out.write_u32(call.sender_uid());
              return {};
            }}},
          {{"Version", "s", Emits::Constant, [](Message& out) { out.write_text("1"); }}},
          {{"Changed", {{"u", "number"}}}}, anyone
    };
    auto made = Object::make(*service, path, std::move(interface));
    ASSERT_TRUE(made) << made.error().describe();
    object = std::move(*made);
  }

  bool run_until(const std::function<bool()>& done) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    loop.restart();
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop.run_one_for(milliseconds(100));
      if (loop.stopped()) loop.restart();
    }
    return true;
  }

  Result<Message> call(Connection& from, const char* member) {
    std::optional<Result<Message>> answer;
    from.call(from.make_call(target, member), milliseconds(10000),
              [&](Result<Message> r) { answer = std::move(r); });
    if (!run_until([&] { return answer.has_value(); })) return fail(Kind::Broken, "no answer at all");
    return std::move(*answer);
  }
};

} // namespace alk::bus
