#include "serve_config.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknet {

namespace {

constexpr std::string_view generated =
    "# Written by `alknet serve` at every start from its command line; do not edit.\n";

// Addresses that answer with a machine's secrets or that only the machine itself should reach. Default allow
// is the program's own (alknet.toml(5)); a server for many people starts from default = "deny".
constexpr std::string_view forwarding = R"(
[forwarding]
# What clients may connect to. The first rule that matches decides, else the default.
default = "allow"

[[forwarding.rules]] # link-local addresses, among them the metadata service of most clouds
target = "169.254.0.0/16"
action = "deny"

[[forwarding.rules]]
target = "fe80::/10"
action = "deny"

[[forwarding.rules]] # the IPv6 metadata service of EC2
target = "fd00:ec2::254"
action = "deny"
)";

// StatePaths' names, relative to the configuration file.
constexpr const char* state_tls_cert = "tls/cert.pem";
constexpr const char* state_tls_key = "tls/key.pem";
constexpr const char* state_host_key = "ssh_host_ed25519_key";
constexpr const char* state_authorized_keys = "authorized_keys";

std::string pair(std::string_view key, std::string_view value) {
  return std::string(key) + " = " + toml_string(value) + "\n";
}

std::string absolute(const std::string& path) {
  std::error_code error;
  auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

std::string tls_section(const std::string& cert, const std::string& key) {
  return "\n[server.tls]\n" + pair("cert", cert) + pair("key", key);
}

std::string auth_sections(const std::string& host_key, const std::string& authorized_keys) {
  return "\n[auth]\n" + pair("host_key", host_key) + "\n[auth.ssh]\nauthorized_keys = [" +
         toml_string(authorized_keys) + "]\n";
}

std::string limits_section(const ServeOptions& options) {
  std::string section;
  if (options.max_connections_per_ip)
    section += "max_connections_per_ip = " + std::to_string(*options.max_connections_per_ip) + "\n";
  if (options.max_auth_attempts)
    section += "max_auth_attempts = " + std::to_string(*options.max_auth_attempts) + "\n";
  return section.empty() ? section : "\n[limits]\n" + section;
}

std::string listener(std::string_view name, std::string_view transport, std::string_view listen,
                     bool stealth) {
  std::string section =
      "\n[[listeners]]\n" + pair("name", name) + pair("transport", transport) + pair("listen", listen);
  if (stealth) section += "stealth = true\n";
  return section;
}

// The drop-in follows the command line of this run: written, or taken away again.
Result<void> write_overrides(const ServeOptions& options, const StatePaths& paths) {
  std::string directory = paths.config_overrides();
  std::string file = directory + "/90-command-line.toml";
  std::string text = override_config(options);
  if (text.empty()) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) return fail_errno(errno, file);
    return {};
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, directory);
  return write_file_atomically(file, text, 0600);
}

} // namespace

std::string toml_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string quoted = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += "\\u00";
      quoted += digits[byte >> 4];
      quoted += digits[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string embedded_config() {
  std::string text =
      "# Made by `alknet serve` on its first start and yours from then on; see alknet.toml(5).\n"
      "# `alknetctl --state DIR check` tries it, `alknetctl --state DIR reload` applies it.\n";
  text += tls_section(state_tls_cert, state_tls_key);
  text += listener("tls", "tls", default_listen_tls, true);
  text += listener("ssh", "tcp", default_listen_ssh, false);
  text += auth_sections(state_host_key, state_authorized_keys);
  text += forwarding;
  return text;
}

std::string override_config(const ServeOptions& options) {
  std::string text;
  if (options.tls_cert) text += tls_section(absolute(*options.tls_cert), absolute(*options.tls_key));
  if (options.key) text += "\n[auth]\n" + pair("host_key", absolute(*options.key));
  if (options.authorized_keys)
    text += "\n[auth.ssh]\nauthorized_keys = [" + toml_string(absolute(*options.authorized_keys)) + "]\n";
  text += limits_section(options);
  return text.empty() ? text : std::string(generated) + text;
}

std::string command_line_config(const ServeOptions& options) {
  bool tls = options.transport == "tls";
  std::string text(generated);
  if (tls)
    text += options.tls_cert ? tls_section(absolute(*options.tls_cert), absolute(*options.tls_key))
                             : tls_section(state_tls_cert, state_tls_key);
  text += listener(tls ? "tls" : "ssh", tls ? "tls" : "tcp", options.listen.value_or(default_listen),
                   options.stealth);
  text += auth_sections(options.key ? absolute(*options.key) : state_host_key,
                        options.authorized_keys ? absolute(*options.authorized_keys) : state_authorized_keys);
  text += limits_section(options);
  return text;
}

Result<std::string> write_config(const ServeOptions& options, const StatePaths& paths) {
  switch (serve_mode(options)) {
  case ServeMode::File: return absolute(*options.config);
  case ServeMode::CommandLine:
    ALK_TRY_VOID(write_file_atomically(paths.command_line_config(), command_line_config(options), 0600));
    return paths.command_line_config();
  case ServeMode::Embedded: break;
  }
  ALK_TRY_VOID(make_if_missing(paths.config(), embedded_config()));
  ALK_TRY_VOID(write_overrides(options, paths));
  return paths.config();
}

} // namespace alk::alknet
