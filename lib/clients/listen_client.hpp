// org.alknet.Listen1 as alknetctl sees it: one call at a time, no event loop, and never a reason to start the
// service.
#pragma once

#include "bus/blocking.hpp"
#include "clients/service_manager.hpp"

#include <chrono>

namespace alk::clients {

// A reload may wait for alknet-authd twice.
inline constexpr std::chrono::milliseconds listen_reload_deadline{30000};

struct SessionInfo {
  std::uint64_t id = 0;
  std::string identity;
  std::string user; // the peer chose it: escape before printing
  std::string remote_addr;
  std::uint16_t remote_port = 0;
  std::string transport;
  std::string listener;
  std::uint64_t since = 0; // Unix seconds
  std::uint32_t channels = 0;
  std::uint64_t generation = 0;
};

struct PenaltyInfo {
  std::string source; // an address, or a network as ADDRESS/BITS
  std::string reason;
  std::uint64_t left = 0; // seconds
  bool refusing = false;
  std::uint64_t refused = 0; // connections so far
};

struct Penalties {
  std::vector<PenaltyInfo> listed;
  std::uint64_t sources = 0; // may be more than are listed
};

struct Explanation {
  bool allowed = false;
  std::int32_t rule = -1; // index in file order; -1 the default, -2 a constraint of the login
  std::string text;
};

struct ForwardingRule {
  std::uint32_t index = 0;             // as in Explanation
  std::string target;                  // as written
  std::string action;                  // "allow", "deny"
  std::vector<std::string> principals; // empty: everyone
  std::vector<std::string> transports; // empty: every one
};

struct PolicyInForce {
  std::uint64_t generation = 0;
  std::string default_action;
  std::vector<ForwardingRule> rules; // in the order in which they are tried
};

struct Limit {
  std::string name;
  std::uint64_t value = 0;
  std::string unit; // "seconds" or nothing
  std::string zero; // what 0 stands for: "unlimited", "off" or nothing of its own
};

struct LimitsInForce {
  std::uint64_t generation = 0;
  std::vector<Limit> limits;
};

struct Reloaded {
  std::uint64_t generation = 0;
  std::vector<std::string> changed; // dotted keys
  std::vector<std::string> restart; // static keys that wait for a restart
  bool keys_left = false;           // the service has credentials, and the caller could not read them again
};

struct ListenerInfo {
  std::string name;
  std::string transport;
  std::string address;
  bool active = false;
};

struct Certificate {
  std::string listener;
  std::uint64_t expires = 0; // Unix seconds
  bool self_signed = false;
};

// The bus properties.
struct ListenStatus {
  std::string version;
  std::uint64_t generation = 0;
  std::string config_digest;
  std::uint64_t started_at = 0; // Unix seconds
  std::uint32_t sessions = 0;
  std::uint32_t connections = 0;
  std::vector<ListenerInfo> listeners;
  bool auth_available = false;
  std::string host_key_fingerprint;
  std::vector<std::string> lacking; // until alknet-secretd is unlocked
  std::vector<std::string> warnings;
  std::vector<Certificate> certificates;
};

// Errors as contracts/errors.md says; Gone when alknet-listend does not run.
class ListenClient {
 public:
  explicit ListenClient(bus::BlockingConnection& connection) : connection_(connection) {}

  Result<std::vector<SessionInfo>> list_sessions();
  Result<void> disconnect(std::uint64_t session);
  Result<Explanation> explain(const std::string& identity, const std::string& destination,
                              const std::string& transport);
  Result<PolicyInForce> policy();
  Result<LimitsInForce> limits();
  Result<Penalties> list_penalties();
  Result<std::uint64_t> clear_penalties(const std::string& address); // "" = all; how many there were
  Result<Reloaded> reload();
  // With these in place of the credentials of their names; for root. 16 at most.
  Result<Reloaded> reload_with_keys(const std::vector<OpenCredential>& credentials);
  Result<ListenStatus> status();

 private:
  Result<bus::Message> ask(const char* member, const std::function<void(bus::Message&)>& fill = nullptr,
                           std::chrono::milliseconds timeout = bus::default_timeout);
  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
