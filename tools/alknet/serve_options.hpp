// What `alknet serve` was asked to do. No CLI11 here: serve_cli.cpp fills this.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace alk::alknet {

struct ServeOptions {
  std::string state = {}; // --state, or the default
  std::optional<std::string> listen_tls = {};
  std::optional<std::string> listen_ssh = {};
  std::optional<std::string> key = {};
  std::optional<std::string> authorized_keys = {};
  std::optional<std::string> transport = {};
  std::optional<std::string> listen = {};
  std::optional<std::string> tls_cert = {};
  std::optional<std::string> tls_key = {};
  std::optional<std::string> config = {};
  std::optional<std::uint32_t> max_connections_per_ip = {};
  std::optional<std::uint32_t> max_auth_attempts = {};
  bool stealth = false;
  std::optional<std::string> unavailable = {}; // a flag of a later version, as typed
};

enum class ServeMode {
  Embedded,    // alknet.toml of the state directory, made on first start
  CommandLine, // one listener from --transport and --listen
  File,        // --config
};

inline constexpr const char* default_listen_tls = "127.0.0.1:8443";
inline constexpr const char* default_listen_ssh = "127.0.0.1:8022";
inline constexpr const char* default_listen = "0.0.0.0:22";
inline constexpr const char* listen_none = "none"; // switches --listen-tls or --listen-ssh off

ServeMode serve_mode(const ServeOptions& options);

// Everything about the flags that can be wrong without looking at a file. Errors: Invalid, a sentence for the
// user.
Result<void> check_options(const ServeOptions& options);

} // namespace alk::alknet
