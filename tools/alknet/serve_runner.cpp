#include "serve_runner.hpp"

#include "loop/notify.hpp"
#include "serve_hints.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <asio/buffer.hpp>
#include <sys/wait.h>
#include <unistd.h>

namespace alk::alknet {

using What = Action::What;

namespace {

std::vector<std::string> names_of(const std::vector<ProcessSpec>& specs) {
  std::vector<std::string> names;
  for (const ProcessSpec& spec : specs) names.push_back(spec.name);
  return names;
}

} // namespace

ServeRunner::ServeRunner(ServeSetup setup)
    : setup_(std::move(setup)), supervision_(names_of(setup_.children)), notify_(loop_),
      deaths_(loop_, SIGCHLD), hangups_(loop_, SIGHUP),
      reloader_(loop_, setup_.bus_address,
                [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }),
      stop_signals_(loop_, [this](int) {
        loop::notify_stopping();
        apply(supervision_.stop());
      }) {
  for (const ProcessSpec& spec : setup_.children) children_.push_back(std::make_unique<Child>(loop_, spec));
}

Result<void> ServeRunner::run() {
  // Its own number: the descriptor object closes what it holds.
  notify_.assign(::fcntl(setup_.notify.descriptor(), F_DUPFD_CLOEXEC, 0));
  wait_for_deaths();
  wait_for_readiness();
  wait_for_hangup();
  apply(supervision_.begin());
  loop_.run();
  ::unlink(setup_.state.paths().bus_socket().c_str());
  if (supervision_.failure()) return fail(Kind::Broken, *supervision_.failure());
  return {};
}

void ServeRunner::apply(const Actions& actions) {
  for (const Action& action : actions) perform(action);
}

void ServeRunner::perform(const Action& action) {
  Child& child = *children_[action.child];
  switch (action.what) {
  case What::Start: start(action.child); break;
  case What::Rest: arm(action.child, restart_rest); break;
  case What::Ready: child.timer.cancel(); break;
  case What::Terminate:
    if (child.pid > 0) ::kill(child.pid, SIGTERM);
    arm(action.child, stop_deadline);
    break;
  case What::Kill:
    if (child.pid > 0) ::kill(child.pid, SIGKILL);
    break;
  case What::Announce: announce(); break;
  case What::Finish: loop_.stop(); break;
  }
}

void ServeRunner::start(std::size_t index) {
  Child& child = *children_[index];
  auto started = start_process(child.spec);
  if (!started) {
    std::string reason = started.error().describe();
    asio::post(loop_, [this, index, reason] { apply(supervision_.exited(index, reason, Clock::now())); });
    return;
  }
  child.pid = started->pid;
  child.lines = LineBuffer();
  child.output.assign(started->output.release());
  read_output(child);
  arm(index, start_deadline);
}

void ServeRunner::arm(std::size_t index, Clock::duration after) {
  asio::steady_timer& timer = children_[index]->timer;
  timer.expires_after(after);
  timer.async_wait([this, index](std::error_code error) {
    // A cancelled wait whose handler was queued already comes without an error: look at the clock.
    if (error || children_[index]->timer.expiry() > Clock::now()) return;
    apply(supervision_.overdue(index));
  });
}

void ServeRunner::show(const Child& child, std::string_view text) {
  if (!text.empty())
    std::fprintf(stderr, "%s: %.*s\n", child.spec.name.c_str(), static_cast<int>(text.size()), text.data());
}

void ServeRunner::read_output(Child& child) {
  child.output.async_read_some(
      asio::buffer(child.chunk), [this, &child](std::error_code error, std::size_t count) {
        if (error) return; // closed by drain_output, or no writer is left
        child.lines.append({child.chunk.data(), count},
                           [this, &child](std::string_view line) { show(child, line); });
        read_output(child);
      });
}

// Everything that a dead child wrote; its own children may still hold the pipe, so the end is not waited for.
void ServeRunner::drain_output(Child& child) {
  auto shown = [this, &child](std::string_view line) { show(child, line); };
  while (child.output.is_open()) {
    std::error_code error;
    std::size_t count = child.output.read_some(asio::buffer(child.chunk), error);
    if (error)
      child.output.close(error);
    else
      child.lines.append({child.chunk.data(), count}, shown);
  }
  child.lines.finish(shown);
}

void ServeRunner::wait_for_deaths() {
  deaths_.async_wait([this](std::error_code error, int) {
    if (error) return;
    reap();
    wait_for_deaths();
  });
}

// In start order: when the bus takes the daemons down with it, its death is seen first and they wait for its
// return.
void ServeRunner::reap() {
  for (std::size_t index = 0; index < children_.size(); ++index) {
    int status = 0;
    Child& child = *children_[index];
    if (child.pid > 0 && ::waitpid(child.pid, &status, WNOHANG) == child.pid) buried(index, status);
  }
}

void ServeRunner::buried(std::size_t index, int status) {
  Child& child = *children_[index];
  child.pid = -1;
  child.timer.cancel();
  drain_output(child);
  std::string reason = describe_exit(status);
  if (!supervision_.stopping()) std::fprintf(stderr, "%s: %s\n", child.spec.name.c_str(), reason.c_str());
  if (!child.lines.last().empty()) reason += "; its last line: " + child.lines.last();
  apply(supervision_.exited(index, reason, Clock::now()));
}

void ServeRunner::wait_for_readiness() {
  notify_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
    if (error) return;
    for (::pid_t pid : setup_.notify.take_ready())
      for (std::size_t index = 0; index < children_.size(); ++index)
        if (children_[index]->pid == pid) apply(supervision_.ready(index));
    wait_for_readiness();
  });
}

void ServeRunner::wait_for_hangup() {
  hangups_.async_wait([this](std::error_code error, int) {
    if (error) return;
    reloader_.request();
    wait_for_hangup();
  });
}

void ServeRunner::announce() {
  const StatePaths& paths = setup_.state.paths();
  std::printf("%s\n", ready_line(setup_.listeners).c_str());
  if (::isatty(STDOUT_FILENO) == 1) {
    ClientKey key = ::access(paths.client_key().c_str(), R_OK) == 0 ? ClientKey::Present : ClientKey::Absent;
    for (const std::string& line : connect_hints(setup_.listeners, paths, program_invocation_name, key))
      std::printf("  %s\n", line.c_str());
  }
  std::fflush(stdout);
  loop::notify_ready(ready_line(setup_.listeners));
}

} // namespace alk::alknet
