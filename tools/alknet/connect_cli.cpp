#include "connect.hpp"
#include "say.hpp"
#include "verb.hpp"

#include <memory>

namespace alk::alknet {

namespace {

void add_connection_options(CLI::App& command, ConnectArguments& arguments) {
  command
      .add_option("--server", arguments.server,
                  "Server: host, host:port or [v6]:port (22 for tcp, 443 for tls)")
      ->envname("ALKNET_SERVER")
      ->required();
  command.add_option("--transport", arguments.transport, "tcp or tls")
      ->check(CLI::IsMember({"tcp", "tls", "iroh"}))
      ->capture_default_str();
  command.add_option("--identity", arguments.identity, "Private key in OpenSSH format (Ed25519)")
      ->envname("ALKNET_IDENTITY")
      ->required();
  command.add_option("--user", arguments.user, "User name on the server ($USER, $USERNAME, else alknet)");
  command.add_option("--tls-server-name", arguments.tls_server_name,
                     "Name to send and to verify (host of --server)");
  command.add_option("--ca-file", arguments.ca_file, "PEM file of roots to trust beside the system's");
  command.add_flag("--insecure", arguments.insecure,
                   "Accept any TLS certificate; the SSH host key is still checked");
  command.add_option("--host-key", arguments.host_key,
                     "The server's host key: SHA256:FINGERPRINT or a public key file");
  command.add_option("--known-hosts", arguments.known_hosts,
                     "File of known host keys ($XDG_CONFIG_HOME/alknet/known_hosts)");
}

void add_door_options(CLI::App& command, ConnectArguments& arguments) {
  command.add_option("--socks5", arguments.socks5, "SOCKS5 listen address")->capture_default_str();
  command
      .add_option("--forward", arguments.forwards,
                  "Local forward [bind_addr:]bind_port:target_host:target_port; may be given several times")
      ->allow_extra_args(false);
}

// Known words of other versions: better an answer than "unknown option".
void add_later_options(CLI::App& command, ConnectArguments& arguments) {
  command.add_option("--proxy", arguments.proxy)->group("");
  command.add_option("--peer", arguments.peer)->group("");
  command.add_option("--remote-forward", arguments.remote_forwards)->allow_extra_args(false)->group("");
}

} // namespace

Verb connect_verb(CLI::App& program) {
  auto arguments = std::make_shared<ConnectArguments>();
  auto* command = program.add_subcommand("connect", "Tunnel through a server: SOCKS5 and local forwards");
  add_connection_options(*command, *arguments);
  add_door_options(*command, *arguments);
  add_later_options(*command, *arguments);
  return {command, [arguments] {
            const auto options = check_options(*arguments, ConnectEnvironment::current());
            if (!options) return say_error(options.error());
            return connect_main(*options);
          }};
}

} // namespace alk::alknet
