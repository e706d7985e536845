// What `alknet connect` was asked to do, checked and in values (network.md 8.1).
#pragma once

#include "base/result.hpp"
#include "net/forward_spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace alk::alknet {

// As on the command line and in the environment.
struct ConnectArguments {
  std::string server;
  std::string transport = "tcp";
  std::string identity;
  std::string user;
  std::string socks5 = "127.0.0.1:1080";
  std::vector<std::string> forwards;
  std::string tls_server_name;
  std::string ca_file;
  bool insecure = false;
  std::string host_key;
  std::string known_hosts;
  // Known, but not in this version: refused by name.
  std::string peer;
  std::string proxy;
  std::vector<std::string> remote_forwards;
};

struct TlsOptions {
  std::string server_name; // SNI and verified name
  std::string ca_file;
  bool insecure = false;
};

struct ConnectOptions {
  net::HostPort server;
  std::optional<TlsOptions> tls; // absent: plain TCP
  std::string identity;
  std::string user;
  net::Address socks5;
  std::vector<net::ForwardSpec> forwards;
  std::string host_key_pin; // "SHA256:..." or the text of a key file; empty: known_hosts decides
  std::string known_hosts;  // may be empty when there is a pin
};

// The parts of the environment that have a say: USER, USERNAME, HOME, XDG_CONFIG_HOME.
struct ConnectEnvironment {
  std::string user;
  std::string username;
  std::string home;
  std::string config_home;
  static ConnectEnvironment current();
};

// Errors: Invalid, Unsupported (not in this version), or what reading the --host-key file gave.
Result<ConnectOptions> check_options(const ConnectArguments& arguments,
                                     const ConnectEnvironment& environment);

} // namespace alk::alknet
