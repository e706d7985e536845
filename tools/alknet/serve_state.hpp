// The state directory of `alknet serve`: everything that it keeps, and nothing of it elsewhere. What exists
// is never overwritten, except files that say so in their first line; what is missing is made with private
// permissions.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "serve_listen.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alk::alknet {

struct StatePaths {
  std::string directory; // absolute

  std::string file(std::string_view name) const { return directory + "/" + std::string(name); }
  std::string host_key() const { return file("ssh_host_ed25519_key"); }
  std::string tls_directory() const { return file("tls"); }
  std::string tls_cert() const { return file("tls/cert.pem"); }
  std::string tls_key() const { return file("tls/key.pem"); }
  std::string client_key() const { return file("client_ed25519"); }
  std::string client_public_key() const { return file("client_ed25519.pub"); }
  std::string authorized_keys() const { return file("authorized_keys"); }
  std::string known_hosts() const { return file("known_hosts"); }
  std::string config() const { return file("alknet.toml"); }
  std::string config_overrides() const { return file("alknet.toml.d"); }
  std::string command_line_config() const { return file("command-line.toml"); }
  std::string bus_socket() const { return file("bus"); }
  std::string bus_directory() const { return file("dbus"); }
  std::string store() const { return file("store"); } // of alknet-stored
  std::string kerberos_config() const { return file("krb5.conf"); }
  std::string lock() const { return file("lock"); }
};

// $STATE_DIRECTORY (the first of several), else ./.alknet; made absolute.
std::string default_state_directory();
Result<StatePaths> state_paths(const std::string& directory);

// Opened, checked and locked for one `alknet serve`.
class StateDirectory {
 public:
  // Makes it with mode 0700 if it is missing. Errors: Denied (another user's, or writable by others),
  // Conflict (another `alknet serve` uses it), errno.
  static Result<StateDirectory> open(StatePaths paths);

  const StatePaths& paths() const { return paths_; }
  int descriptor() const { return directory_.get(); }

 private:
  StatePaths paths_;
  Fd directory_;
  Fd lock_;
};

// Keys, certificate and the client's files, where missing. The client key is made together with
// authorized_keys alone: deleting the key does not bring back a login. Answers the names of the files made.
Result<std::vector<std::string>> make_missing_files(const StatePaths& paths);

// Makes `path` with mode 0600, or leaves the file alone that is there; answers whether it was made.
Result<bool> make_if_missing(const std::string& path, std::string_view content);

// The names under which a client reaches the listeners, as known_hosts patterns ("[127.0.0.1]:8443").
std::vector<std::string> known_host_patterns(const std::vector<Endpoint>& endpoints);

// `before` with the one line brought up to date that carries our mark as its comment; every other line stays.
inline constexpr std::string_view known_hosts_mark = "alknet-serve";
std::string update_known_hosts(std::string_view before, const std::vector<std::string>& patterns,
                               std::string_view host_key_line);

// The same for the file, which is made if it is missing and left alone if nothing changes.
Result<void> write_known_hosts(const std::string& path, const std::vector<std::string>& patterns,
                               std::string_view host_key_line);

} // namespace alk::alknet
