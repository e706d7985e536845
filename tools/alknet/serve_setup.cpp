#include "serve_setup.hpp"

#include "base/text.hpp"
#include "bus/socket_address.hpp"
#include "config/key_source.hpp"
#include "serve_bus.hpp"
#include "serve_config.hpp"
#include "ssh/key_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknet {

namespace {

using Say = std::function<void(const std::string&)>;

constexpr const char* bus_program = "dbus-daemon";
constexpr const char* socket_name = "bus";

// libssh asks Kerberos before anybody is authenticated; without this line it would resolve the machine's own
// name and could stall a whole thread of the server.
constexpr std::string_view kerberos_config = "# Written by `alknet serve` at every start.\n"
                                             "[libdefaults]\n"
                                             "dns_canonicalize_hostname = false\n";

Result<config::Configuration> load_config(const std::string& path, const Say& say) {
  auto loaded = config::load(path);
  if (!loaded) {
    std::string all;
    for (const config::Problem& problem : loaded.error())
      all += (all.empty() ? "" : "\n") + problem.describe();
    return fail(Kind::Invalid, all);
  }
  for (const config::Problem& warning : loaded->warnings) say("warning: " + warning.describe());
  return std::move(*loaded);
}

Result<std::vector<OpenListener>> open_listeners(const std::vector<WantedListener>& wanted) {
  std::vector<OpenListener> open;
  for (const WantedListener& listener : wanted) {
    ALK_TRY(Fd socket, open_listener(listener.endpoint));
    ALK_TRY(Endpoint endpoint, local_endpoint(socket));
    open.push_back({listener.name, listener.transport, endpoint, std::move(socket)});
  }
  return open;
}

// A host key that cannot be read is alknet-listend's to explain.
Result<void> note_host_key(const ServeSetup& setup, const std::string& host_key, const Say& say) {
  if (host_key == config::secret_host_key) return {}; // nobody has it before alknet-secretd is unlocked
  auto path = config::KeySource().path(host_key);
  auto line = path ? ssh::read_public_line(*path) : Result<std::string>(pass(std::move(path).error()));
  if (!line) {
    say("warning: known_hosts is not up to date: " + line.error().describe());
    return {};
  }
  std::vector<Endpoint> endpoints;
  for (const OpenListener& listener : setup.listeners) endpoints.push_back(listener.endpoint);
  return write_known_hosts(setup.state.paths().known_hosts(), known_host_patterns(endpoints), *line);
}

// `number`: what the state directory's descriptor is called in the process that uses the address.
std::string address(const ServeSetup& setup, int number) {
  return bus::socket_address(setup.state.paths().directory, socket_name, number);
}

// The children need that descriptor only where the address goes through it.
int directory_to_pass(const ServeSetup& setup) {
  int number = setup.state.descriptor();
  return address(setup, number) == bus::socket_address(setup.state.paths().bus_socket()) ? -1 : number;
}

Result<void> write_bus_files(const ServeSetup& setup) {
  std::string directory = setup.state.paths().bus_directory();
  std::string policies = directory + "/policy.d";
  for (const std::string& path : {directory, policies})
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, path);
  for (const PolicyFile& file : policy_files()) {
    ALK_TRY(std::string adapted, adapt_policy(file.text, ::geteuid()));
    ALK_TRY_VOID(write_file_atomically(policies + "/" + std::string(file.name), adapted, 0600));
  }
  std::string config = bus_config(address(setup, first_passed_descriptor), policies, ::geteuid());
  ALK_TRY_VOID(write_file_atomically(directory + "/bus.conf", config, 0600));
  return write_file_atomically(setup.state.paths().kerberos_config(), kerberos_config, 0600);
}

std::vector<std::string> child_environment(const ServeSetup& setup) {
  std::vector<std::string> environment = inherited_environment(::environ);
  environment.push_back("NOTIFY_SOCKET=" + setup.notify.name());
  environment.push_back("KRB5_CONFIG=" + setup.state.paths().kerberos_config());
  return environment;
}

ProcessSpec bus_spec(const ServeSetup& setup) {
  return {bus_program,
          bus_program,
          {"--config-file=" + setup.state.paths().bus_directory() + "/bus.conf", "--nofork", "--nopidfile"},
          child_environment(setup),
          {},
          directory_to_pass(setup)};
}

ProcessSpec daemon_spec(const ServeSetup& setup, const std::string& name, const std::string& program,
                        std::vector<PassedSocket> sockets) {
  int directory_number = first_passed_descriptor + static_cast<int>(sockets.size());
  return {name,
          program,
          {"--config", setup.config, "--bus-address", address(setup, directory_number)},
          child_environment(setup),
          std::move(sockets),
          directory_to_pass(setup)};
}

// dbus-daemon turns away whoever has no account.
Result<void> check_account() {
  if (::getpwuid(::geteuid()) != nullptr) return {};
  return fail(Kind::Unsupported,
              "user id " + std::to_string(::geteuid()) +
                  " has no account (no passwd entry), and dbus-daemon accepts accounts alone");
}

// In the embedded default the flag only confirms what the file says; a file that says otherwise is not
// overruled.
Result<void> check_stealth(const ServeOptions& options, const config::Static& fixed) {
  auto stealthy = [](const config::Listener& listener) { return listener.stealth; };
  if (!options.stealth || std::ranges::any_of(fixed.listeners, stealthy)) return {};
  return fail(Kind::Invalid, "--stealth: no listener of the configuration has stealth = true");
}

bool is_file(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool is_program(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

} // namespace

Result<std::vector<WantedListener>> wanted_listeners(const ServeOptions& options,
                                                     const config::Static& fixed) {
  std::vector<WantedListener> wanted;
  bool found_tls = !options.listen_tls || options.listen_tls == listen_none;
  bool found_ssh = !options.listen_ssh || options.listen_ssh == listen_none;
  for (const config::Listener& listener : fixed.listeners) {
    std::string text = listener.listen;
    if (listener.name == "tls" && options.listen_tls) {
      text = *options.listen_tls;
      found_tls = true;
    }
    if (listener.name == "ssh" && options.listen_ssh) {
      text = *options.listen_ssh;
      found_ssh = true;
    }
    if (text.empty() || text == listen_none) continue;
    ALK_TRY(Endpoint endpoint, parse_endpoint(text));
    wanted.push_back({listener.name, listener.transport, endpoint});
  }
  if (!found_tls) return fail(Kind::Invalid, "--listen-tls: the configuration has no listener named tls");
  if (!found_ssh) return fail(Kind::Invalid, "--listen-ssh: the configuration has no listener named ssh");
  if (wanted.empty()) return fail(Kind::Invalid, "no listener has an address: nothing to serve");
  return wanted;
}

Result<std::string> find_daemon(const std::string& name) {
  std::vector<std::string> places;
  if (const char* forced = std::getenv("ALKNET_LIBEXEC_DIR"); forced != nullptr && *forced != '\0') {
    places = {forced};
  } else {
    std::error_code error;
    places = {std::filesystem::read_symlink("/proc/self/exe", error).parent_path(), ALKNET_LIBEXEC_DIR};
  }
  std::string looked;
  for (const std::string& place : places) {
    std::string path = place + "/" + name;
    if (is_program(path)) return path;
    looked += (looked.empty() ? "" : " and ") + place;
  }
  return fail(Kind::NotFound, name + ": no such program in " + looked);
}

// alknet-secretd keeps its secrets in memory that is never swapped: more than it wants must be allowed.
static bool can_lock_memory() {
  constexpr std::size_t wanted = 1024 * 1024;
  void* pages = ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return false;
  const bool locked = ::mlock(pages, wanted) == 0;
  ::munmap(pages, wanted);
  return locked;
}

// Its path. It is a package of its own, and many containers let nobody lock memory: without it all but
// secrets works.
static std::optional<std::string> find_secretd(const Say& say) {
  auto program = find_daemon("alknet-secretd");
  if (!program) return std::nullopt;
  if (can_lock_memory()) return *program;
  say("alknet-secretd is left out: memory cannot be locked here (ulimit -l)");
  return std::nullopt;
}

// Where it is installed, which is a package of its own; it keeps everything below the state directory.
static Result<void> add_stored(ServeSetup& setup) {
  auto program = find_daemon("alknet-stored");
  if (!program) return {};
  const std::string directory = setup.state.paths().store();
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, directory);
  ProcessSpec spec = daemon_spec(setup, "alknet-stored", *program, {});
  std::erase_if(spec.environment, [](const std::string& one) { return one.starts_with("STATE_DIRECTORY="); });
  spec.environment.push_back("STATE_DIRECTORY=" + setup.state.paths().store());
  setup.children.push_back(std::move(spec));
  return {};
}

Result<ServeSetup> set_up(const ServeOptions& options, const Say& say) {
  ALK_TRY(std::string authd, find_daemon("alknet-authd"));
  ALK_TRY(std::string listend, find_daemon("alknet-listend"));
  ALK_TRY_VOID(check_account());
  ALK_TRY(StatePaths paths, state_paths(options.state));
  ServeSetup setup;
  ALK_TRY(setup.state, StateDirectory::open(paths));
  if (serve_mode(options) != ServeMode::File) {
    ALK_TRY(auto made, make_missing_files(paths));
    for (const std::string& file : made) say("made " + file);
  }
  bool had_config = is_file(paths.config());
  ALK_TRY(setup.config, write_config(options, paths));
  if (!had_config && is_file(paths.config())) say("made " + paths.config());
  ALK_TRY(config::Configuration configuration, load_config(setup.config, say));
  ALK_TRY_VOID(check_stealth(options, configuration.fixed));
  ALK_TRY(auto wanted, wanted_listeners(options, configuration.fixed));
  ALK_TRY(setup.listeners, open_listeners(wanted));
  ALK_TRY_VOID(note_host_key(setup, configuration.fixed.host_key, say));
  setup.bus_address = address(setup, setup.state.descriptor());
  ALK_TRY_VOID(write_bus_files(setup));
  ALK_TRY(setup.notify, NotifySocket::open());

  std::vector<PassedSocket> sockets;
  for (const OpenListener& listener : setup.listeners)
    sockets.push_back({listener.name, listener.socket.get()});
  setup.children.push_back(bus_spec(setup));
  setup.children.push_back(daemon_spec(setup, "alknet-authd", authd, {}));
  if (auto secretd = find_secretd(say))
    setup.children.push_back(daemon_spec(setup, "alknet-secretd", *secretd, {}));
  ALK_TRY_VOID(add_stored(setup));
  setup.children.push_back(daemon_spec(setup, "alknet-listend", listend, std::move(sockets)));
  return setup;
}

} // namespace alk::alknet
