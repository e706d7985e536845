// The command line of `alknet serve`.
#include "base/text.hpp"
#include "serve_options.hpp"
#include "serve_runner.hpp"
#include "verb.hpp"

#include <cstdio>
#include <memory>

#include <sys/stat.h>

namespace alk::alknet {

namespace {

constexpr const char* footer =
    "Without --transport, --listen or --config everything comes from the state directory, which is made on\n"
    "the first start: keys, certificate, alknet.toml and a client key that may log in.\n"
    "SIGHUP reloads the configuration; SIGTERM and SIGINT stop.";

// Flags that people find in the documentation of later versions: recognised, refused with a reason.
void add_later_flags(CLI::App& command, ServeOptions& options) {
  for (const char* flag : {"--acme-domain", "--proxy", "--iroh-relay", "--cert-authority"})
    command
        .add_option_function<std::string>(
            flag, [&options, flag](const std::string&) { options.unavailable = flag; },
            "not available in this version")
        ->group("");
}

void add_flags(CLI::App& command, ServeOptions& options) {
  command.add_option("--state", options.state, "Directory for everything it keeps")
      ->type_name("DIR")
      ->default_str("$STATE_DIRECTORY, else ./.alknet");
  command.add_option("--listen-tls", options.listen_tls, "Where TLS with stealth listens, or none")
      ->type_name("ADDR:PORT")
      ->default_str(default_listen_tls);
  command.add_option("--listen-ssh", options.listen_ssh, "Where plain SSH listens, or none")
      ->type_name("ADDR:PORT")
      ->default_str(default_listen_ssh);
  command.add_option("--key", options.key, "SSH host key, OpenSSH format")->type_name("FILE");
  command.add_option("--authorized-keys", options.authorized_keys, "Who may log in")->type_name("FILE");
  command.add_option("--max-connections-per-ip", options.max_connections_per_ip, "0 = unlimited")
      ->type_name("N");
  command
      .add_option("--max-auth-attempts", options.max_auth_attempts,
                  "Failed ones per connection, 0 = unlimited")
      ->type_name("N");
  command.add_option("--tls-cert", options.tls_cert, "Certificate chain, PEM")->type_name("FILE");
  command.add_option("--tls-key", options.tls_key, "Its private key, PEM")->type_name("FILE");
  command.add_option("--transport", options.transport, "One listener: tcp or tls")->type_name("NAME");
  command.add_option("--listen", options.listen, "Its address")
      ->type_name("ADDR:PORT")
      ->default_str(default_listen);
  command.add_flag("--stealth", options.stealth, "It looks like a web site to others; needs tls");
  command.add_option("--config", options.config, "Configuration file instead of the state directory's")
      ->type_name("FILE");
}

void print_error(const std::string& text) {
  for (std::string_view line : split(text, '\n'))
    std::fprintf(stderr, "error: %.*s\n", static_cast<int>(line.size()), line.data());
}

int serve(const ServeOptions& options) {
  if (auto checked = check_options(options); !checked) {
    print_error(checked.error().what);
    return exit_usage;
  }
  ::umask(0077); // for everything that this process and its children make
  auto setup = set_up(options, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (!setup) {
    print_error(setup.error().describe());
    return exit_failed;
  }
  ServeRunner runner(std::move(*setup));
  if (auto ended = runner.run(); !ended) {
    print_error(ended.error().describe());
    return exit_failed;
  }
  return exit_ok;
}

} // namespace

Verb serve_verb(CLI::App& program) {
  auto options = std::make_shared<ServeOptions>();
  options->state = default_state_directory();
  CLI::App* command = program.add_subcommand("serve", "Run a server from one directory, for a first try");
  command->footer(footer);
  add_flags(*command, *options);
  add_later_flags(*command, *options);
  return {command, [options] { return serve(*options); }};
}

} // namespace alk::alknet
