// What alknetctl asks of a running server. The verbs know this interface only; BusAdmin is the real one.
#pragma once

#include "base/fd.hpp"
#include "base/metric.hpp"
#include "base/result.hpp"
#include "base/secret_bytes.hpp"
#include "clients/auth_client.hpp"
#include "clients/listen_client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace alk::alknetctl {

// alknet-authd's side of the status.
struct AuthInfo {
  std::uint64_t generation = 0;
  std::string config_digest;
  std::uint32_t keys = 0;
  std::uint32_t certificate_authorities = 0;
  std::vector<std::string> warnings;
  std::string accounts = "off"; // on, unavailable
};

// Errors: Gone (not running), Denied, and what contracts/org.alknet.Listen1.xml says for each member.
class Admin {
 public:
  virtual ~Admin() = default;
  virtual Result<clients::ListenStatus> status() = 0;
  virtual Result<AuthInfo> auth_info() = 0; // Denied for administrators who are not root
  virtual Result<std::vector<clients::SessionInfo>> sessions() = 0;
  virtual Result<void> disconnect(std::uint64_t session) = 0;
  virtual Result<clients::PolicyInForce> policy() = 0;
  virtual Result<clients::LimitsInForce> limits() = 0;
  virtual Result<clients::Penalties> penalties() = 0;
  virtual Result<std::uint64_t> clear_penalties(const std::string& address) = 0; // "" = all
  virtual Result<clients::Reloaded> reload() = 0;
  virtual Result<std::vector<Metric>> metrics() = 0;      // of alknet-listend
  virtual Result<std::vector<Metric>> auth_metrics() = 0; // of alknet-authd
  virtual Result<std::vector<Metric>> store_metrics() = 0;
  virtual Result<std::vector<Metric>> secret_metrics() = 0;
  virtual Result<clients::Login> verify_token(const SecretBytes& token, const std::string& address) = 0;
  virtual Result<clients::Login> lookup_credential(const std::string& fingerprint) = 0;
  virtual Result<clients::Explanation> explain(const std::string& identity, const std::string& destination,
                                               const std::string& transport) = 0;
};

// Where the server is: at most one of the two is set; else $ALKNET_BUS_ADDRESS, else the system bus.
struct Place {
  std::string state;       // a state directory of `alknet serve`
  std::string bus_address; // a D-Bus address
};

// A connection to the bus of a place.
struct Line {
  Fd directory; // the address may go through it
  std::string address;
  bus::BlockingConnection connection;
};

// Errors: Gone (nothing is running there), Denied.
Result<Line> open_line(const Place& place);
Result<std::unique_ptr<Admin>> connect(const Place& place);

} // namespace alk::alknetctl
