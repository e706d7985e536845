#include "daemon/daemon.hpp"

#include "base/version.hpp"
#include "daemon/confine.hpp"
#include "daemon/failed_starts.hpp"
#include "log/log.hpp"
#include "loop/notify.hpp"
#include "loop/signals.hpp"

#include <cstdio>
#include <exception>
#include <optional>

#include <asio/io_context.hpp>

namespace alk::daemon {

namespace {

// One run, from the open bus to the end of the loop. Members in the order of acquisition.
class Runner {
 public:
  Runner(const Description& description, const Options& options)
      : description_(description), options_(options) {}

  int run(const Start& start);

 private:
  Result<void> start_up(const Start& start);
  void watch_bus();
  void start_failed(const Error& reason);
  void stop(int exit_code);
  void drain();
  void finish();

  const Description& description_;
  const Options& options_;
  std::vector<loop::PassedDescriptor> passed_;
  FailedStarts failed_starts_;
  asio::io_context loop_{1};
  std::unique_ptr<bus::Connection> bus_;
  asio::steady_timer deadline_{loop_};
  std::unique_ptr<Context> context_;
  std::unique_ptr<Service> service_;
  std::optional<loop::StopSignals> signals_;
  std::optional<loop::Watchdog> watchdog_;
  int exit_code_ = 0;
  bool stopping_ = false;
};

Result<void> Runner::start_up(const Start& start) {
  ALK_TRY(passed_, loop::take_passed_descriptors());
  failed_starts_.take(passed_);
  ALK_TRY(bus_, bus::Connection::open(loop_, options_.bus_address));
  watch_bus();
  context_.reset(new Context{loop_, *bus_, options_, passed_, [this](std::string reason) {
                               asio::post(loop_, [this, reason = std::move(reason)] {
                                 log::error(reason);
                                 stop(1);
                               });
                             }});
  signals_.emplace(loop_, [this](int) { stop(0); });
  watchdog_.emplace(loop_);
  ALK_TRY(service_, start(*context_));
  ALK_TRY_VOID(bus_->request_name(description_.bus_name));
  log::write(log::Level::Info, log::event::server_running, {{"version", version()}});
  failed_starts_.forget();
  loop::notify_ready(service_->status());
  return {};
}

void Runner::start_failed(const Error& reason) {
  log::error(reason.describe());
  loop::notify_status(reason.describe());
  exit_code_ = 1;
  if (!loop::descriptors_are_kept()) return; // nobody starts us again that often
  failed_starts_.add();
  if (!rest(rest_after(failed_starts_.count()))) failed_starts_.forget();
}

void Runner::watch_bus() {
  if (description_.bus_loss == Description::BusLoss::End) {
    bus_->on_disconnect([this] {
      log::error("the connection to the bus is lost");
      stop(1);
    });
    return;
  }
  bus_->on_disconnect(
      [] { log::warning("the connection to the bus is lost; trying again until it is back"); });
  bus_->come_back_when_lost([] { log::info("the connection to the bus is back"); });
}

int Runner::run(const Start& start) {
  if (auto up = start_up(start); !up) {
    if (stopping_) return exit_code_; // told so before it was up
    start_failed(up.error());
    // A service that had started has tasks to end.
    stop(1);
    if (!service_) return exit_code_;
  }
  loop_.run();
  service_.reset();
  return exit_code_;
}

// Orderly: no new callers, the service ends, what is queued on the bus goes out.
void Runner::stop(int exit_code) {
  if (std::exchange(stopping_, true)) return;
  exit_code_ = exit_code;
  loop::notify_stopping();
  if (!service_) return loop_.stop();
  log::write(log::Level::Info, log::event::server_stopping, {});
  if (exit_code == 0) service_->stop_asked();
  if (bus_->connected()) {
    if (auto released = bus_->release_name(description_.bus_name); !released)
      log::debug(released.error().describe());
  }
  deadline_.expires_after(max_stop_time);
  deadline_.async_wait([this](std::error_code error) {
    if (error) return;
    log::error("the orderly stop took too long");
    exit_code_ = 1;
    loop_.stop();
  });
  drain();
}

// Calls that reached us before the name was given up are still served.
void Runner::drain() {
  if (!bus_->idle()) return asio::post(loop_, [this] { drain(); });
  service_->stop([this] { asio::post(loop_, [this] { finish(); }); });
}

void Runner::finish() {
  if (bus_->connected()) bus_->flush();
  loop_.stop();
}

} // namespace

static int run_checked(int argc, char** argv, const Description& description, const Start& start) {
  auto options = parse_options(std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!options) {
    std::fprintf(stderr, "%s: %s\n", description.program, options.error().what.c_str());
    return 2;
  }
  std::string text;
  switch (options->action) {
  case Options::Action::Run: {
    log::open(description.program);
    if (auto confined = confine_process(); !confined) {
      log::error(confined.error().describe());
      return 1;
    }
    return Runner(description, *options).run(start);
  }
  case Options::Action::Help: text = help_text(description.program); break;
  case Options::Action::Version:
    text = std::string(description.program) + " " + std::string(version()) + "\n";
    break;
  case Options::Action::Introspect: text = bus::introspection_xml(description.interface()); break;
  }
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

int run(int argc, char** argv, const Description& description, const Start& start) {
  try {
    return run_checked(argc, argv, description, start);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s: %s\n", description.program, exception.what());
  } catch (...) {
    std::fprintf(stderr, "%s: ended by an exception\n", description.program);
  }
  return 1;
}

} // namespace alk::daemon
