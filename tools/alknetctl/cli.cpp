// alknetctl: the administrator's program. It holds nothing; everything is asked over the bus.
#include "base/text.hpp"
#include "base/version.hpp"
#include "completion/completion.hpp"
#include "config/config.hpp"
#include "credentials.hpp"
#include "explain.hpp"
#include "keys.hpp"
#include "metrics.hpp"
#include "metrics_http.hpp"
#include "secret.hpp"
#include "store_cli.hpp"
#include "tokens.hpp"
#include "usage/usage.hpp"
#include "verbs.hpp"

#include <ctime>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>
#include <sodium.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

struct Arguments {
  Place place;
  bool json = false;
  bool http = false;
  std::string transport = "tcp";
  std::string file;
  std::string identity;
  std::string destination;
  std::uint64_t session = 0;
  std::vector<std::string> key; // of `keys add`
  std::string which_key;
  bool no_reload = false;
  std::string account; // whose keys
  std::string shell;
  std::string pardoned;
  bool pardon_all = false;
  SecretJob secret;
  CredentialJob credential;
  TokenJob token;
  std::string address;
};

using Verb = std::function<int(Admin&, const Output&)>;

int with_admin(const Arguments& arguments, const Output& output, const Verb& verb) {
  auto admin = connect(arguments.place);
  return admin ? verb(**admin, output) : report(admin.error(), output);
}

int explain_anyone(const Arguments& arguments, Admin& admin, const Output& output) {
  if (!names_account(arguments.identity))
    return explain(admin, arguments.identity, arguments.destination, arguments.transport, output);
  return with_store(arguments.place, output, [&](StoreClient& store) {
    return explain_account(store, admin, arguments.identity, arguments.destination, arguments.transport,
                           output);
  });
}

std::string file_to_check(const Arguments& arguments) {
  if (!arguments.file.empty()) return arguments.file;
  return arguments.place.state.empty() ? config::default_path : arguments.place.state + "/alknet.toml";
}

KeysJob keys_job(const Arguments& arguments) {
  const std::string& state = arguments.place.state;
  KeysJob job;
  job.file = !arguments.file.empty() ? arguments.file
             : state.empty()         ? default_keys_file
                                     : state + "/authorized_keys";
  job.configuration = state.empty() ? config::default_path : state + "/alknet.toml";
  job.reload = !arguments.no_reload;
  job.connect = [place = arguments.place] { return connect(place); };
  return job;
}

int add_to_account(const Arguments& arguments, const Output& output) {
  auto keys = take_keys_input(arguments.key, std::cin);
  if (!keys) return report(keys.error(), output);
  return with_store(arguments.place, output, [&](StoreClient& store) {
    return account_keys_add(store, arguments.account, keys->lines, output);
  });
}

// What went wrong is for the journal; the peer has been told as much as it needs.
int metrics_over_http(const Place& place, const Output& output) {
  auto served = serve_metrics(STDIN_FILENO, [&place]() -> Result<std::string> {
    auto admin = connect(place);
    auto all = admin ? gather_metrics(**admin) : Result<std::vector<Metric>>(pass(std::move(admin).error()));
    if (all) return exposition(*all);
    if (all.error().kind == Kind::Gone) return exposition(metrics_of_nothing());
    return pass(std::move(all).error());
  });
  if (!served && served.error().kind == Kind::Gone) return exit_ok; // the peer did not wait for its answer
  return served ? exit_ok : report(served.error(), output);
}

class CommandLine {
 public:
  CommandLine();
  int run(int argc, char** argv);

 private:
  CLI::App* add(const char* name, const char* description, Chosen run) {
    return add_to(program_, name, description, std::move(run));
  }
  CLI::App* add_to(CLI::App& parent, const char* name, const char* description, Chosen run);
  CLI::App* add_asking(const char* name, const char* description, Verb verb);
  void add_keys();
  void add_store();
  void add_penalties();
  void add_explain();
  void add_secret();
  CLI::App* add_secret_verb(CLI::App& secret, const char* name, const char* description,
                            int (*run)(const SecretJob&, const Output&));
  void add_records(CLI::App& secret);
  void add_credentials();
  void add_tokens();

  CLI::App program_{"Looks after a running alknet server", "alknetctl"};
  Arguments arguments_;
  std::shared_ptr<StoreWords> store_words_;
  std::shared_ptr<GraphCliWords> graph_words_;
  std::shared_ptr<EventCliWords> event_words_;
  std::vector<std::pair<CLI::App*, Chosen>> verbs_;
};

CLI::App* CommandLine::add_to(CLI::App& parent, const char* name, const char* description, Chosen run) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->fallthrough(); // --json and --state may stand behind the verb
  verbs_.emplace_back(command, std::move(run));
  return command;
}

CLI::App* CommandLine::add_asking(const char* name, const char* description, Verb verb) {
  return add(name, description,
             [this, verb](const Output& output) { return with_admin(arguments_, output, verb); });
}

void CommandLine::add_penalties() {
  auto* penalising = add_asking("penalties", "Who is refused for a while, and why",
                                [this](Admin& admin, const Output& output) {
                                  if (arguments_.pardon_all) return clear_penalties(admin, "", output);
                                  if (arguments_.pardoned.empty()) return penalties(admin, output);
                                  return clear_penalties(admin, arguments_.pardoned, output);
                                });
  auto* clear = penalising->add_option("--clear", arguments_.pardoned, "Pardon the source of this address");
  clear->type_name("ADDRESS")->check([](const std::string& text) {
    return config::parse_ip(text) ? std::string() : std::string("not an address");
  });
  penalising->add_flag("--clear-all", arguments_.pardon_all, "Pardon every source")->excludes(clear);
}

void CommandLine::add_explain() {
  auto* explaining = add_asking(
      "explain", "Say what the forwarding policy decides, and by which rule",
      [this](Admin& admin, const Output& output) { return explain_anyone(arguments_, admin, output); });
  explaining
      ->add_option("IDENTITY", arguments_.identity,
                   "Fingerprint of a key, an account, or \"\" for one without scopes")
      ->required();
  explaining->add_option("DESTINATION", arguments_.destination, "HOST:PORT or [V6]:PORT")->required();
  explaining->add_option("--transport", arguments_.transport, "How the client came in")
      ->check(CLI::IsMember({"tcp", "tls"}))
      ->capture_default_str();
}

CommandLine::CommandLine() {
  program_.set_version_flag("--version", "alknetctl " + std::string(version()));
  program_.require_subcommand(0, 1); // none is reported below: CLI11 would hide a misspelt verb behind it
  program_.footer("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not running, 4 denied.");
  program_.failure_message(usage::explain);
  auto* state = program_.add_option("--state", arguments_.place.state, "State directory of `alknet serve`");
  auto* address = program_.add_option("--bus-address", arguments_.place.bus_address,
                                      "D-Bus address (default $ALKNET_BUS_ADDRESS, then the system bus)");
  state->type_name("DIR")->excludes(address);
  address->type_name("ADDRESS");
  program_.add_flag("--json", arguments_.json, "Print JSON");

  add("status", "What runs, where it listens, what it warns of, what is missing",
      [this](const Output& output) {
        auto admin = connect(arguments_.place);
        return admin ? status(**admin, arguments_.place, output)
                     : status_of_absent(admin.error(), arguments_.place, output);
      });
  add_asking("sessions", "Who is connected", sessions);
  add_asking(
      "disconnect", "End a session",
      [this](Admin& admin, const Output& output) { return disconnect(admin, arguments_.session, output); })
      ->add_option("ID", arguments_.session, "Number from `alknetctl sessions`")
      ->required();
  add_penalties();
  add_asking("reload", "Read the configuration again and say what changed", reload);
  add("check", "Check a configuration file without a server",
      [this](const Output& output) { return check(file_to_check(arguments_), output); })
      ->add_option("FILE", arguments_.file,
                   std::string("Default: alknet.toml of --state, else ") + config::default_path);
  add_explain();
  add("metrics", "Counters and gauges for Prometheus", [this](const Output& output) {
    if (arguments_.http) return metrics_over_http(arguments_.place, output);
    auto admin = connect(arguments_.place);
    return admin ? metrics(**admin, output) : metrics_of_absent(admin.error(), output);
  })->add_flag("--http", arguments_.http, "Answer one HTTP request on standard input, a socket");
  add_asking("policy", "The forwarding policy in force", policy);
  add_asking("limits", "The limits in force", limits);
  add_keys();
  add_secret();
  add_store();
  add_credentials();
  add_tokens();
  verbs_.emplace_back(completion::add_verb(program_, arguments_.shell), [this](const Output& output) {
    auto shell = completion::find_shell(arguments_.shell);
    if (shell) output.out << completion::script(program_, *shell) << std::flush;
    return shell && output.out ? exit_ok : exit_failed;
  });
}

void CommandLine::add_store() {
  auto add = [this](CLI::App& parent, const char* name, const char* description, Chosen run) {
    return add_to(parent, name, description, std::move(run));
  };
  store_words_ = add_store_verbs(program_, arguments_.place, add);
  graph_words_ = add_graph_verbs(program_, arguments_.place, add);
  event_words_ = add_event_verbs(program_, arguments_.place, add);
}

void CommandLine::add_keys() {
  CLI::App* keys = program_.add_subcommand("keys", "Who may log in: the authorized_keys file");
  keys->fallthrough();
  keys->add_option("--file", arguments_.file,
                   std::string("Default: authorized_keys of --state, else ") + default_keys_file)
      ->type_name("FILE");
  keys->add_flag("--no-reload", arguments_.no_reload, "Change the file alone");
  keys->add_option("--account", arguments_.account, "The keys of this account instead of the file")
      ->type_name("ACCOUNT")
      ->excludes("--file", "--no-reload");
  add_to(*keys, "add", "Let a key log in",
         [this](const Output& output) {
           if (!arguments_.account.empty()) return add_to_account(arguments_, output);
           return keys_add(keys_job(arguments_), arguments_.key, std::cin, output);
         })
      ->add_option("KEY", arguments_.key, "A .pub file, a whole line, or - for standard input")
      ->required();
  add_to(*keys, "list", "The keys with fingerprint, type, comment and options", [this](const Output& output) {
    if (arguments_.account.empty()) return keys_list(keys_job(arguments_), output);
    return with_store(arguments_.place, output, [&](StoreClient& store) {
      return account_keys_list(store, arguments_.account, output);
    });
  });
  add_to(*keys, "remove", "Take a key away, with its sessions",
         [this](const Output& output) {
           if (arguments_.account.empty())
             return keys_remove(keys_job(arguments_), arguments_.which_key, output);
           return with_store(arguments_.place, output, [&](StoreClient& store) {
             return account_keys_remove(store, arguments_.account, arguments_.which_key, output);
           });
         })
      ->add_option("KEY", arguments_.which_key, "Its fingerprint (SHA256:...) or its whole comment")
      ->required();
}

// Where a secret comes from. Never an argument: others may read those.
static void add_source(CLI::App* verb, SecretSource& source) {
  auto* descriptor = verb->add_option("--fd", source.descriptor, "Read it from this descriptor");
  descriptor->type_name("N")->check(CLI::Range(0, 65535));
  verb->add_flag("--ask-password", source.ask_password, "Let systemd-ask-password ask for it")
      ->excludes(descriptor);
}

CLI::App* CommandLine::add_secret_verb(CLI::App& secret, const char* name, const char* description,
                                       int (*run)(const SecretJob&, const Output&)) {
  return add_to(secret, name, description, [this, run](const Output& output) {
    arguments_.secret.place = arguments_.place;
    arguments_.secret.configuration = file_to_check(arguments_);
    return run(arguments_.secret, output);
  });
}

static int with_input(const SecretJob& job, const Output& output,
                      int (*run)(const SecretJob&, const std::string&, const Output&)) {
  auto text = read_file("/dev/stdin", 2 * max_secret_input);
  return text ? run(job, *text, output) : report(text.error(), output);
}

void CommandLine::add_records(CLI::App& secret) {
  SecretJob& job = arguments_.secret;
  auto* encrypt = add_secret_verb(secret, "encrypt", "Encrypt a credential", secret_encrypt);
  add_source(encrypt, job.source);
  encrypt->add_option("--tag", job.tag, "Who may have it decrypted, such as alknet-listend");
  encrypt->add_option("--key-version", job.key_version, "Of the key, from 2 on")->capture_default_str();
  add_secret_verb(
      secret, "decrypt", "Decrypt the record on standard input",
      [](const SecretJob& what, const Output& output) { return with_input(what, output, secret_decrypt); });
  add_secret_verb(
      secret, "rotate", "Encrypt the record on standard input anew",
      [](const SecretJob& what, const Output& output) { return with_input(what, output, secret_rotate); })
      ->add_option("--key-version", job.key_version, "Of the new key")
      ->required();
}

void CommandLine::add_secret() {
  CLI::App* secret = program_.add_subcommand("secret", "The seed of this node, and what follows from it");
  secret->fallthrough();
  secret->require_subcommand(1);
  secret
      ->add_option("--config", arguments_.file,
                   std::string("Default: alknet.toml of --state, else ") + config::default_path)
      ->type_name("FILE");
  SecretJob& job = arguments_.secret;
  add_secret_verb(*secret, "status", "Locked or unlocked, and as which node", secret_status);
  auto* generate =
      add_secret_verb(*secret, "generate", "Make a new mnemonic and unlock with it", secret_generate);
  generate->add_option("--words", job.words, "12, 15, 18, 21 or 24")->capture_default_str();
  generate->add_flag("--passphrase", job.with_passphrase, "With a passphrase besides");
  generate->add_flag("--force", job.force, "Also when this node has an identity");
  add_source(generate, job.source);
  auto* unlock = add_secret_verb(*secret, "unlock", "Unlock with mnemonic and passphrase", secret_unlock);
  unlock->add_flag("--force", job.force, "As another node than [secrets] identity says");
  add_source(unlock, job.source);
  add_secret_verb(*secret, "lock", "Forget the seed and every key", secret_lock);
  auto* enroll =
      add_secret_verb(*secret, "enroll", "Unlock at every start, by an encrypted credential", secret_enroll);
  enroll->add_flag("--remove", job.remove, "Forget the credential");
  add_source(enroll, job.source);
  auto* derive =
      add_secret_verb(*secret, "derive", "Print a public key, or with --private the key", secret_derive);
  derive->add_option("PATH", job.path, "Such as m/74h/0h/0h/0h")->required();
  derive->add_option("--type", job.type, "Of the key")
      ->check(CLI::IsMember({"ed25519", "aes256", "secp256k1"}))
      ->capture_default_str();
  derive->add_flag("--private", job.private_half, "Print the private half, in hex");
  auto* password = add_secret_verb(*secret, "password", "Print the password of a site", secret_password);
  password->add_option("SITE", job.site, "Its name, such as example.com")->required();
  password->add_option("--length", job.length, "In bytes, 1 to 64; four characters hold three")
      ->capture_default_str();
  add_records(*secret);
}

void CommandLine::add_credentials() {
  CLI::App* credential =
      program_.add_subcommand("credential", "What others gave us, encrypted: a proxy's password");
  credential->fallthrough();
  credential->require_subcommand(1);
  CredentialJob& job = arguments_.credential;
  auto verb = [&](const char* name, const char* description,
                  int (*run)(const CredentialJob&, const Output&)) {
    return add_to(*credential, name, description, [this, run](const Output& output) {
      arguments_.credential.place = arguments_.place;
      return run(arguments_.credential, output);
    });
  };
  auto named = [&job](CLI::App* chosen) {
    chosen->add_option("NAME", job.name, "Lower-case letters, digits and \"-\"")->required();
    return chosen;
  };
  auto* add = named(verb("add", "Encrypt a secret and keep it", credential_add));
  add->add_option("--for", job.consumer, "Who may have it decrypted")
      ->type_name("PROGRAM")
      ->capture_default_str();
  add->add_flag("--replace", job.replace, "In place of the one of this name");
  add->add_option("--key-version", job.key_version, "Of the key, from 2 on")->capture_default_str();
  add_source(add, job.source);
  verb("list", "Their names, and for whom they are", credential_list);
  named(verb("show", "The encrypted record, for `alknetctl secret decrypt`", credential_show));
  named(verb("remove", "Forget one", credential_remove));
}

// A person types it without echo.
static SecretInput standard_input() {
  return SecretInput({.descriptor = ::isatty(STDIN_FILENO) != 0 ? -1 : STDIN_FILENO});
}

void CommandLine::add_tokens() {
  CLI::App* token =
      program_.add_subcommand("token", "API keys of the configuration, and what tokens are worth");
  token->fallthrough();
  TokenJob& job = arguments_.token;
  job.random = [](std::span<std::byte> bytes) { ::randombytes_buf(bytes.data(), bytes.size()); };
  auto* create =
      add_to(*token, "create", "Make an API key, show it once, and print what the configuration needs",
             [&job](const Output& output) { return token_create(job, output); });
  auto* hash = add_to(*token, "hash", "What the configuration needs for an API key from standard input",
                      [&job](const Output& output) { return token_hash(job, standard_input(), output); });
  for (CLI::App* verb : {create, hash}) {
    verb->add_option("--scope", job.scopes, "What the key may; more than once for more")->type_name("SCOPE");
    verb->add_option("--description", job.description, "For people")->type_name("TEXT");
    verb->add_option("--ttl", job.ttl, "How long it is good for, such as 30d")->type_name("DURATION");
  }
  add_to(*token, "verify", "Whether a token from standard input would be accepted, and as whom",
         [this](const Output& output) {
           return with_admin(arguments_, output, [this](Admin& admin, const Output& to) {
             return token_verify(admin, standard_input(), arguments_.address, to);
           });
         })
      ->add_option("--address", arguments_.address, "The address that it is presented from")
      ->type_name("ADDRESS");
}

int CommandLine::run(int argc, char** argv) {
  try {
    program_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Zero for --help and --version; CLI11 prints the text itself.
    return program_.exit(error) == 0 ? exit_ok : exit_usage;
  }
  Output output{arguments_.json ? Format::Json : Format::Text, std::cout, std::cerr,
                static_cast<std::uint64_t>(std::time(nullptr))};
  for (const auto& [command, chosen] : verbs_)
    if (command->parsed()) return chosen(output);
  std::cerr << "error: a verb is needed\nRun alknetctl --help for more.\n";
  return exit_usage;
}

} // namespace

int run(int argc, char** argv) {
  return CommandLine().run(argc, argv);
}

} // namespace alk::alknetctl
