// alknet.toml and its drop-ins as checked values. The initialisers here are the only list of defaults: the
// commented sample and alknet.toml(5) are compared with them by a test.
//
// `Static` needs a restart; `Dynamic` is swapped whole by a reload and is read through one shared_ptr<const
// Dynamic>.
#pragma once

#include "base/result.hpp"
#include "config/proxy_url.hpp"
#include "config/target.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace alk::config {

using std::chrono::seconds;

inline constexpr const char* default_path = "/etc/alknet/alknet.toml"; // drop-ins: default_path + ".d/*.toml"

// A key or certificate named "credential:NAME" comes from the service manager's credentials (KeySource), any
// other name is a path; a relative one is looked up beside the main file.
inline constexpr std::string_view credential_prefix = "credential:";

enum class Transport { Tcp, Tls };
inline constexpr std::size_t transport_count = 2;
std::string_view transport_name(Transport transport); // "tcp", "tls": the words of logs, rules and the bus

// PEM files, by path or credential:NAME.
struct TlsFiles {
  std::string cert;
  std::string key;
  bool operator==(const TlsFiles&) const = default;
};

// [[listeners]]
struct Listener {
  std::string name;                     // unique, equals FileDescriptorName=
  Transport transport = Transport::Tcp; // required in the file
  std::string listen;                   // ADDR:PORT, used by `alknet serve` alone
  bool stealth = false;                 // TLS only: SSH and a web site on one port
  TlsFiles tls;                         // falls back to [server.tls]
  std::string web_root;                 // static files of the web side; empty: the built-in site
  // Proxies in front of it, which announce their clients (PROXY protocol). From there nothing else is taken.
  std::vector<Network> proxy_protocol_from{};
  bool is_proxy(const IpAddress& source) const;
  bool operator==(const Listener&) const = default;
};

// [server]
struct Server {
  TlsFiles tls;
  seconds drain_deadline{12 * 3600}; // what a restart leaves in an older engine ends then
  bool operator==(const Server&) const = default;
};

// Before the NAME of an outbound credential, which alknet-stored keeps and alknet-secretd opens (alknetctl
// credential add NAME).
inline constexpr std::string_view secret_prefix = "secret:";

// [server.proxy]: the way to every target; without a url they are reached directly.
struct Proxy {
  std::string url; // as written; empty: there is none
  ProxyUrl place;  // what it says
  std::string user;
  std::string password;           // secret_prefix and a name; empty: the proxy is not logged in to
  std::string credential() const; // that name
  bool operator==(const Proxy&) const = default;
};

// [auth.token]: AuthTokens, made with the login keys.
struct Token {
  bool enabled = true;
  seconds max_token_age{300}; // into the past and, for clocks that differ, into the future
  bool operator==(const Token&) const = default;
};

inline constexpr std::string_view api_key_start = "alk_"; // of every API key
inline constexpr const char* api_key_hash_prefix = "sha256:";

// [[auth.api_keys]]
struct ApiKey {
  std::string prefix{api_key_start}; // unique: the identity; api_key_start to 8 characters of the key
  std::string hash;                  // "sha256:" and the hex SHA-256 of the whole key
  std::vector<std::string> scopes;
  std::string description;
  std::uint32_t expires_at = 0; // Unix seconds; 0 = never
  std::uint32_t created_at = 0; // Unix seconds; what ttl counts from
  seconds ttl{0};               // 0 = none
  std::optional<std::uint64_t> expires() const;
  bool operator==(const ApiKey&) const = default;
};

// Where identities come from.
enum class Provider {
  Configured, // the files and tables of this configuration
  Accounts,   // alknet-stored
};

// [auth]
struct Auth {
  std::vector<Provider> providers{Provider::Configured}; // in the order in which they are asked
  std::vector<std::string> authorized_keys;  // [auth.ssh] authorized_keys: paths, or whole key lines
  std::vector<std::string> cert_authorities; // [auth.ssh] cert_authorities: the same, of user CAs
  Token token;
  std::vector<ApiKey> api_keys;
  bool disconnect_revoked = true;
  bool operator==(const Auth&) const = default;
};

enum class Action { Allow, Deny };

// [[forwarding.rules]]
struct Rule {
  std::string text; // the target as written
  Target target;
  Action action = Action::Deny;
  std::vector<std::string> principals; // identity ids or scopes; empty or "*" = everyone
  std::vector<Transport> transports;   // empty = all
  bool operator==(const Rule&) const = default;
};

// [forwarding]
struct Forwarding {
  Action default_action = Action::Allow;
  std::vector<Rule> rules;
  bool operator==(const Forwarding&) const = default;
};

// When the table of penalised sources is full.
enum class Overflow {
  Permissive, // the penalty that would end first makes room
  DenyAll,    // nobody may connect until one ends, except from exempt networks
};

// [limits.penalties]: sources that misbehave before they have logged in are refused for a while. Model, names
// and defaults: PerSourcePenalties of sshd_config(5), OpenSSH 9.8.
struct Penalties {
  bool enabled = true;
  seconds auth_failure{5};    // a connection with failed attempts and without a login
  seconds no_auth{1};         // one without any attempt
  seconds grace_exceeded{10}; // one that login_grace_time ended
  seconds protocol_error{10}; // one that broke the protocol, as attempts to crash a server do
  seconds min{15};            // what must have come together before a source is refused
  seconds max{600};           // more never comes together
  std::uint32_t ipv4_prefix = 32;
  std::uint32_t ipv6_prefix = 64; // what one customer gets: single addresses are free to change
  Overflow overflow = Overflow::Permissive;
  std::vector<Network> exempt;
  bool operator==(const Penalties&) const = default;
};

// [limits]
struct Limits {
  std::uint32_t max_connections_per_ip = 0; // 0 = unlimited
  std::uint32_t max_connections = 0;        // all sources together; 0 = bounded by descriptors alone
  std::uint32_t max_auth_attempts = 10;     // failed ones per connection; 0 = unlimited
  std::uint32_t max_channels_per_session = 1024;
  seconds tls_handshake_timeout{10};     // stealth listeners use stealth_timeout instead
  seconds stealth_timeout{60};           // nginx's client_header_timeout: the disguise depends on it
  seconds login_grace_time{30};          // from the identification line to a finished login
  seconds connect_timeout{10};           // per address of a target
  seconds keepalive_interval{15};        // 0 = off
  std::uint32_t keepalive_count_max = 3; // unanswered in a row
  Penalties penalties;
  bool operator==(const Limits&) const = default;
};

// [storage]: alknet-stored reads it at its start.
struct Storage {
  std::string url; // "postgresql://...", without a password; empty: SQLite in the daemon's state directory
  std::string password; // where it stands: "credential:NAME" or a path; empty: none, or in libpq's passfile
  bool operator==(const Storage&) const = default;
};

struct Static {
  Server server;
  std::vector<Listener> listeners;
  Storage storage;
  std::string host_key = "credential:host_key"; // [auth] host_key: OpenSSH private key
  bool operator==(const Static&) const = default;
};

// The pair of a listener: its own, else that of [server.tls]; empty only for what is not TLS.
const TlsFiles& tls_files(const Static& fixed, const Listener& listener);

// [secrets]
struct Secrets {
  std::string identity; // fingerprint that the seed has to have, as alknetctl wrote it; empty: any
  bool operator==(const Secrets&) const = default;
};

struct Dynamic {
  Proxy proxy;
  Auth auth;
  Forwarding forwarding;
  Limits limits;
  Secrets secrets; // alknet-secretd reads it from the disk at each Unlock
  bool operator==(const Dynamic&) const = default;
};

// One thing that is wrong (or, as a warning, risky) in the files.
struct Problem {
  std::string file;
  std::uint32_t line = 0; // 0 = about the whole file
  std::string key;        // dotted, "listeners[1].name"; empty for syntax errors
  std::string text;
  std::string describe() const; // FILE:LINE: KEY: text
};

struct Configuration {
  Static fixed;
  Dynamic dynamic;
  std::string digest; // lower-case hex SHA-256 over names and bytes of every file that was read
  std::vector<Problem> warnings;
};

// Whether an entry of authorized_keys or cert_authorities is a whole line of such a file; else it is the path
// of one.
bool is_key_line(std::string_view entry);

template <class T>
using Checked = tl::expected<T, std::vector<Problem>>;

// Reads `path` and `path`.d/*.toml in name order (later keys override, arrays of tables append), checks
// everything and reports every problem, none skipped. Total size is limited to 4 MiB.
Checked<Configuration> load(const std::string& path);

// One file as it was read.
struct SourceFile {
  std::string path;
  std::string name; // in the digest: the same for every program, however it was told the path
  std::string text;
};
using Sources = std::vector<SourceFile>; // the main file first

// The same, and what was read goes into `kept` when all is well.
Checked<Configuration> load(const std::string& path, Sources& kept);

// The same for text in memory: one file named `name`.
Checked<Configuration> parse(const std::string& name, std::string_view text);

// For who gets checked text from a program of another release: keys that are not known here mean nothing.
enum class Unknown { Refuse, Ignore };
Checked<Configuration> parse(const Sources& sources, Unknown unknown);

// Dotted keys of values that differ, in file order: what a reload changed, and what waits for a restart.
std::vector<std::string> changed_keys(const Dynamic& before, const Dynamic& after);
std::vector<std::string> changed_keys(const Static& before, const Static& after);

// Every key of the schema, sorted; elements of arrays of tables as "listeners[].name".
std::vector<std::string> known_keys();

} // namespace alk::config
