#include "supervisor/job_type.hpp"

#include "base/text.hpp"
#include "clients/service_manager.hpp"
#include "log/log.hpp"
#include "loop/asio.hpp"

namespace alk::listend {

namespace {
constexpr bus::Destination service_manager{"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                           "org.freedesktop.systemd1.Manager"};
constexpr std::chrono::milliseconds patience{1000}; // it answers within 10 ms
constexpr std::size_t cgroup_limit = 64 * 1024;

Task<Result<std::string>> ask(bus::Connection& connection) {
  auto cgroups = read_file("/proc/self/cgroup", cgroup_limit);
  if (!cgroups) co_return pass(std::move(cgroups).error());
  std::string unit = unit_of_cgroup(*cgroups);
  auto call = connection.make_call(service_manager, "ListJobs", bus::AutoStart::No);
  auto reply = co_await connection.call(std::move(call), patience);
  if (!reply) co_return pass(std::move(reply).error());
  co_return clients::read_job_type(*reply, unit);
}
} // namespace

std::string unit_of_cgroup(std::string_view text) {
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with("0::") && line.find(":name=systemd:") == line.npos) continue;
    auto parts = split(line, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      if (part->ends_with(".service")) return std::string(*part);
  }
  return {};
}

Task<JobType> ask_job_type(bus::Connection& connection) {
  auto type = co_await ask(connection);
  if (!type) log::info("the service manager does not say why it stops us: " + type.error().describe());
  co_return type&&* type == "stop" ? JobType::Stop : JobType::Restart;
}

} // namespace alk::listend
