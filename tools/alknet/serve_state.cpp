#include "serve_state.hpp"

#include "base/text.hpp"
#include "net/tls_pair.hpp"
#include "ssh/key_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknet {

namespace {

constexpr std::size_t small_file_limit = 1024 * 1024; // our own key, certificate and known_hosts files

bool exists(const std::string& path) {
  struct ::stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, path);
  return {};
}

// Whoever may write here could exchange the keys between two starts.
Result<void> check_directory(int directory, const std::string& path) {
  struct ::stat status {};
  if (::fstat(directory, &status) != 0) return fail_errno(errno, path);
  if (status.st_uid != ::geteuid()) return fail(Kind::Denied, path + ": belongs to another user");
  if ((status.st_mode & 0022) != 0) return fail(Kind::Denied, path + ": other users may write to it");
  return {};
}

std::string host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

Result<void> make_server_keys(const StatePaths& paths, std::vector<std::string>& made) {
  ALK_TRY(bool made_host_key, ssh::make_missing_private_key(paths.host_key()));
  if (made_host_key) made.push_back(paths.host_key());
  ALK_TRY_VOID(make_directory(paths.tls_directory()));
  ALK_TRY(auto pair, net::make_missing_tls_pair({paths.tls_cert(), paths.tls_key()}));
  made.insert(made.end(), pair.begin(), pair.end());
  return {};
}

Result<std::string> client_public_line(const StatePaths& paths, std::vector<std::string>& made) {
  if (exists(paths.client_key())) return ssh::read_public_line(paths.client_key());
  ALK_TRY(ssh::KeyPair pair, ssh::generate_ed25519());
  ALK_TRY_VOID(ssh::write_private_key(paths.client_key(), pair.private_key));
  made.push_back(paths.client_key());
  return pair.public_key;
}

Result<void> make_login(const StatePaths& paths, std::vector<std::string>& made) {
  if (exists(paths.authorized_keys())) return {};
  ALK_TRY(std::string line, client_public_line(paths, made));
  line += " alknet-client\n";
  ALK_TRY(bool made_public, make_if_missing(paths.client_public_key(), line));
  if (made_public) made.push_back(paths.client_public_key());
  ALK_TRY_VOID(
      create_file(paths.authorized_keys(), "# Who may log in, in the format of sshd(8).\n" + line, 0600));
  made.push_back(paths.authorized_keys());
  return {};
}

std::string host_pattern(const std::string& host, std::uint16_t port) {
  constexpr std::uint16_t ssh_port = 22; // sshd(8): brackets only beside a port
  return port == ssh_port ? host : "[" + host + "]:" + std::to_string(port);
}

} // namespace

std::string default_state_directory() {
  const char* given = std::getenv("STATE_DIRECTORY"); // systemd.exec(5): colon-separated
  if (given == nullptr || *given == '\0') return ".alknet";
  return std::string(split(given, ':').front());
}

Result<StatePaths> state_paths(const std::string& directory) {
  std::error_code error;
  auto absolute = std::filesystem::absolute(directory, error).lexically_normal();
  if (error) return fail_errno(error.value(), directory);
  std::string path = absolute.string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return StatePaths{path};
}

Result<StateDirectory> StateDirectory::open(StatePaths paths) {
  ALK_TRY_VOID(make_directory(paths.directory));
  StateDirectory state;
  state.directory_.reset(::open(paths.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!state.directory_) return fail_errno(errno, paths.directory);
  ALK_TRY_VOID(check_directory(state.directory_.get(), paths.directory));
  state.lock_.reset(::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!state.lock_) return fail_errno(errno, paths.lock());
  if (::flock(state.lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Kind::Conflict, paths.directory + ": another `alknet serve` is using it");
  state.paths_ = std::move(paths);
  return state;
}

Result<std::vector<std::string>> make_missing_files(const StatePaths& paths) {
  std::vector<std::string> made;
  ALK_TRY_VOID(make_server_keys(paths, made));
  ALK_TRY_VOID(make_login(paths, made));
  return made;
}

Result<bool> make_if_missing(const std::string& path, std::string_view content) {
  if (exists(path)) return false;
  ALK_TRY_VOID(create_file(path, content, 0600));
  return true;
}

std::vector<std::string> known_host_patterns(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> patterns;
  auto add = [&patterns](std::string pattern) {
    if (std::ranges::find(patterns, pattern) == patterns.end()) patterns.push_back(std::move(pattern));
  };
  for (const Endpoint& endpoint : endpoints) {
    std::vector<std::string> hosts{endpoint.host(), "localhost"};
    if (endpoint.wildcard()) {
      hosts = {"127.0.0.1", "::1", "localhost"};
      if (std::string own = host_name(); !own.empty()) hosts.push_back(own);
    }
    for (const std::string& host : hosts) add(host_pattern(host, endpoint.port()));
  }
  return patterns;
}

std::string update_known_hosts(std::string_view before, const std::vector<std::string>& patterns,
                               std::string_view host_key_line) {
  std::string mark = " " + std::string(known_hosts_mark);
  std::string after;
  for (std::string_view line : split(before, '\n'))
    if (!line.empty() && !line.ends_with(mark)) after += std::string(line) + "\n";
  if (patterns.empty()) return after;
  for (std::size_t i = 0; i < patterns.size(); ++i) after += (i == 0 ? "" : ",") + patterns[i];
  return after + " " + std::string(host_key_line) + mark + "\n";
}

Result<void> write_known_hosts(const std::string& path, const std::vector<std::string>& patterns,
                               std::string_view host_key_line) {
  std::string before;
  if (exists(path)) {
    ALK_TRY(before, read_file(path, small_file_limit));
  }
  std::string after = update_known_hosts(before, patterns, host_key_line);
  if (after == before && exists(path)) return {};
  return write_file_atomically(path, after, 0600);
}

} // namespace alk::alknet
