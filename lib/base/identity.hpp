// Who a peer is, and what the login itself allows. Decided in alknet-authd, obeyed in alknet-listend.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace alk {

struct Identity {
  std::string id;                                            // for keys: their SHA256 fingerprint
  std::vector<std::string> scopes;                           // what rules and operations ask for
  std::map<std::string, std::vector<std::string>> resources; // resource type to ids
  bool operator==(const Identity&) const = default;
};

// Limits of one key or certificate (authorized_keys options of sshd(8)), on top of the forwarding policy.
struct Constraints {
  // HOST:PORT patterns; absent = no limit, present and empty = nothing at all.
  std::optional<std::vector<std::string>> permit_open;
  std::optional<std::vector<std::string>> permit_listen;
  bool no_port_forwarding = false;
  std::optional<std::uint64_t> expires; // Unix seconds: the session ends then
  // What alknet-authd calls this login when it is revoked, where the id does not tell (a certificate). Its
  // own words, handed back as they are; empty = the id.
  std::string credential{};
  bool operator==(const Constraints&) const = default;
};

} // namespace alk
