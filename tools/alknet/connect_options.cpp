#include "connect_options.hpp"

#include "base/text.hpp"

#include <cstdlib>

namespace alk::alknet {

namespace {

constexpr std::uint16_t default_tcp_port = 22;
constexpr std::uint16_t default_tls_port = 443;
constexpr std::size_t key_file_limit = 64 * 1024; // a public key, or a few lines of a known_hosts file

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<void> refuse_later_features(const ConnectArguments& arguments) {
  const auto later = [](const char* what) {
    return fail(Kind::Unsupported, std::string(what) + " is not available in this version");
  };
  if (!arguments.proxy.empty()) return later("--proxy");
  if (!arguments.peer.empty()) return later("--peer");
  if (!arguments.remote_forwards.empty()) return later("--remote-forward");
  if (arguments.transport == "iroh") return later("--transport iroh");
  return {};
}

Result<std::optional<TlsOptions>> tls_options(const ConnectArguments& arguments, const std::string& host) {
  if (arguments.transport == "tls")
    return TlsOptions{arguments.tls_server_name.empty() ? host : arguments.tls_server_name, arguments.ca_file,
                      arguments.insecure};
  if (arguments.insecure || !arguments.ca_file.empty() || !arguments.tls_server_name.empty())
    return fail(Kind::Invalid,
                "incompatible options: --insecure, --ca-file and --tls-server-name need --transport tls");
  return std::nullopt;
}

Result<std::string> pin_text(const std::string& argument) {
  if (argument.empty() || argument.starts_with("SHA256:")) return argument;
  return read_file(argument, key_file_limit);
}

std::string default_known_hosts(const ConnectEnvironment& environment) {
  if (environment.config_home.starts_with('/')) return environment.config_home + "/alknet/known_hosts";
  if (!environment.home.empty()) return environment.home + "/.config/alknet/known_hosts";
  return {};
}

std::string first_of(const std::string& a, const std::string& b, const std::string& c, const std::string& d) {
  return !a.empty() ? a : !b.empty() ? b : !c.empty() ? c : d;
}

} // namespace

ConnectEnvironment ConnectEnvironment::current() {
  return {variable("USER"), variable("USERNAME"), variable("HOME"), variable("XDG_CONFIG_HOME")};
}

Result<ConnectOptions> check_options(const ConnectArguments& arguments,
                                     const ConnectEnvironment& environment) {
  ALK_TRY_VOID(refuse_later_features(arguments));
  ConnectOptions options;
  const auto port = arguments.transport == "tls" ? default_tls_port : default_tcp_port;
  ALK_TRY(options.server, net::parse_server(arguments.server, port));
  ALK_TRY(options.tls, tls_options(arguments, options.server.host));
  options.identity = arguments.identity;
  options.user = first_of(arguments.user, environment.user, environment.username, "alknet");
  const auto socks5 = net::parse_address_and_port(arguments.socks5.starts_with("localhost:")
                                                      ? "127.0.0.1" + arguments.socks5.substr(9)
                                                      : arguments.socks5);
  if (!socks5) return fail(Kind::Invalid, "--socks5 is not an address and port: " + arguments.socks5);
  options.socks5 = *socks5;
  for (const auto& text : arguments.forwards) {
    ALK_TRY(auto forward, net::parse_forward(text));
    options.forwards.push_back(std::move(forward));
  }
  ALK_TRY(options.host_key_pin, pin_text(arguments.host_key));
  options.known_hosts =
      arguments.known_hosts.empty() ? default_known_hosts(environment) : arguments.known_hosts;
  if (options.host_key_pin.empty() && options.known_hosts.empty())
    return fail(Kind::Invalid, "no HOME to keep known hosts in; use --known-hosts FILE or --host-key");
  return options;
}

} // namespace alk::alknet
