#include "clients/unit_processes.hpp"

#include "clients/service_manager.hpp"

namespace alk::clients {

namespace {
constexpr const char* manager_name = "org.freedesktop.systemd1";
constexpr bus::Destination manager{manager_name, "/org/freedesktop/systemd1",
                                   "org.freedesktop.systemd1.Manager"};
// It answers within 10 ms; a restart waits for us meanwhile.
constexpr std::chrono::milliseconds patience{2000};
constexpr std::size_t most_processes = 4096;
constexpr std::uint64_t scope_stop_microseconds = 5'000'000; // more than the engine's own two seconds

void write_property(bus::Message& call, const char* name, const char* type,
                    const std::function<void()>& value) {
  call.write_inside('r', "sv", [&] {
    call.write_text(name);
    call.write_inside('v', type, value);
  });
}

void write_text_property(bus::Message& call, const char* name, std::string_view text) {
  write_property(call, name, "s", [&] { call.write_text(text); });
}
} // namespace

Result<bus::Message> Units::ask(const char* member, const std::function<void(bus::Message&)>& fill) {
  auto call = connection_.make_call(manager, member);
  if (call) fill(call);
  return connection_.call(std::move(call), patience);
}

Result<std::string> Units::job_type(const std::string& unit) {
  ALK_TRY(auto reply, ask("ListJobs", [](bus::Message&) {}));
  return read_job_type(reply, unit);
}

Result<std::vector<UnitProcess>> Units::processes(const std::string& service) {
  const std::string path = unit_path(service);
  auto call =
      connection_.make_call({manager_name, path.c_str(), "org.freedesktop.systemd1.Service"}, "GetProcesses");
  ALK_TRY(auto reply, connection_.call(std::move(call), patience));
  std::vector<UnitProcess> found;
  auto one = [&]() -> Result<void> {
    ALK_TRY_VOID(reply.skip("s")); // its cgroup
    ALK_TRY(std::uint32_t pid, reply.read_u32());
    ALK_TRY(std::string command, reply.read_text());
    found.push_back({static_cast<::pid_t>(pid), std::move(command)});
    return {};
  };
  ALK_TRY_VOID(reply.read_each(
      "(sus)", [&] { return reply.read_inside('r', "sus", one); }, most_processes));
  return found;
}

Result<std::vector<std::string>> Units::matching(const std::string& pattern) {
  const std::string patterns[] = {pattern};
  ALK_TRY(auto reply, ask("ListUnitsByPatterns",
                          [&](bus::Message& call) { call.write_texts({}).write_texts(patterns); }));
  std::vector<std::string> names;
  auto one = [&]() -> Result<void> {
    ALK_TRY(std::string name, reply.read_text());
    names.push_back(std::move(name));
    return reply.skip("sssssouso");
  };
  ALK_TRY_VOID(reply.read_each("(ssssssouso)", [&] { return reply.read_inside('r', "ssssssouso", one); }));
  return names;
}

Result<void> Units::start_scope(const std::string& name, const std::string& description, ::pid_t process) {
  auto fill = [&](bus::Message& call) {
    call.write_text(name).write_text("fail");
    call.write_inside('a', "(sv)", [&] {
      write_text_property(call, "Description", description);
      write_text_property(call, "Slice", "alknet.slice");
      write_text_property(call, "CollectMode", "inactive-or-failed");
      write_text_property(call, "DevicePolicy", "closed"); // as in the service
      write_property(call, "TimeoutStopUSec", "t", [&] { call.write_u64(scope_stop_microseconds); });
      write_property(call, "PIDs", "au", [&] {
        call.write_inside('a', "u", [&] { call.write_u32(static_cast<std::uint32_t>(process)); });
      });
    });
    call.write_inside('a', "(sa(sv))", [] {});
  };
  ALK_TRY_VOID(ask("StartTransientUnit", fill));
  return {};
}

Result<void> Units::stop(const std::string& unit) {
  ALK_TRY_VOID(ask("StopUnit", [&](bus::Message& call) { call.write_text(unit).write_text("replace"); }));
  return {};
}

} // namespace alk::clients
