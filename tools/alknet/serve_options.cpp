#include "serve_options.hpp"

#include "serve_listen.hpp"

namespace alk::alknet {

namespace {

using Text = std::optional<std::string>;

Failure usage(std::string what) {
  return fail(Kind::Invalid, std::move(what));
}

Result<void> check_address(const char* flag, const Text& address) {
  if (!address) return {};
  if (auto endpoint = parse_endpoint(*address); !endpoint)
    return usage(std::string(flag) + ": " + endpoint.error().what);
  return {};
}

Result<void> check_embedded(const ServeOptions& options) {
  if (options.listen_tls == listen_none && options.listen_ssh == listen_none)
    return usage("--listen-tls none and --listen-ssh none leave nothing to listen on");
  if (options.listen_tls == listen_none && (options.stealth || options.tls_cert))
    return usage("--listen-tls none leaves nothing that --stealth and --tls-cert could apply to");
  return {};
}

Result<void> check_command_line(const ServeOptions& options) {
  std::string transport = options.transport.value_or("tcp");
  if (transport == "iroh") return usage("--transport iroh: not available in this version");
  if (transport != "tcp" && transport != "tls")
    return usage("--transport: '" + transport + "' is not tcp or tls");
  if (options.listen_tls || options.listen_ssh)
    return usage("--listen-tls and --listen-ssh cannot be combined with --transport and --listen");
  if (transport == "tcp" && options.stealth) return usage("--stealth needs --transport tls");
  if (transport == "tcp" && options.tls_cert) return usage("--tls-cert needs --transport tls");
  return check_address("--listen", options.listen);
}

// Flags would have to override parts of a file that is not ours to change, and a reload would read it without
// them.
Result<void> check_file(const ServeOptions& options) {
  if (options.key || options.authorized_keys || options.transport || options.listen || options.tls_cert ||
      options.tls_key || options.stealth || options.max_connections_per_ip || options.max_auth_attempts)
    return usage("--config cannot be combined with flags that the file decides; write them into the file");
  return {};
}

} // namespace

ServeMode serve_mode(const ServeOptions& options) {
  if (options.config) return ServeMode::File;
  return options.transport || options.listen ? ServeMode::CommandLine : ServeMode::Embedded;
}

Result<void> check_options(const ServeOptions& options) {
  if (options.unavailable) return usage(*options.unavailable + ": not available in this version");
  if (options.tls_cert.has_value() != options.tls_key.has_value())
    return usage("--tls-cert and --tls-key belong together");
  if (options.listen_tls != listen_none) ALK_TRY_VOID(check_address("--listen-tls", options.listen_tls));
  if (options.listen_ssh != listen_none) ALK_TRY_VOID(check_address("--listen-ssh", options.listen_ssh));
  switch (serve_mode(options)) {
  case ServeMode::Embedded: return check_embedded(options);
  case ServeMode::CommandLine: return check_command_line(options);
  case ServeMode::File: return check_file(options);
  }
  return {};
}

} // namespace alk::alknet
