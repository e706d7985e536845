// org.alknet.Secret1 (contracts/org.alknet.Secret1.xml) over the vault: decode, open the box, act, log once,
// answer. No secret is in a message: what comes in is sealed to a key of PreparedKeys, what goes out to a key
// of the caller.
#pragma once

#include "alknet-secretd/counts.hpp"
#include "alknet-secretd/prepared_keys.hpp"
#include "alknet-secretd/vault.hpp"
#include "bus/object.hpp"

#include <memory>

namespace alk::secretd {

inline constexpr const char* bus_name = "org.alknet.Secret1";
inline constexpr const char* bus_path = "/org/alknet/Secret1";

// How far the time of an anchor may be from ours: nobody gets a signature of another day.
inline constexpr std::uint64_t max_anchor_skew = 300; // seconds

class SecretBus {
 public:
  struct Surroundings {
    // [secrets] identity as the disk has it now: "" when there is none.
    std::function<Result<std::string>()> configured_identity;
    bool unattended = false;                   // an enrolled credential opens the vault at the next start
    std::function<std::uint64_t()> wall_clock; // Unix seconds
  };

  SecretBus(Arena& arena, Vault& vault, PreparedKeys& prepared, Vault::Now now, Surroundings surroundings);

  // Exports the interface for as long as this object lives.
  Result<void> serve(bus::Connection& connection, bus::Accounts accounts = bus::Accounts::of_this_machine());

  // `self` may be null when no handler will ever run (--bus-introspect).
  static bus::Interface interface(SecretBus* self);

 private:
  static std::vector<bus::Method> methods(SecretBus* self);
  static std::vector<bus::Property> properties(SecretBus* self);
  Result<void> prepare(bus::Call& call);
  Result<void> status(bus::Call& call);
  Result<void> unlock(bus::Call& call);
  Result<void> lock(bus::Call& call);
  Result<void> generate(bus::Call& call);
  Result<void> derive_ed25519(bus::Call& call);
  Result<void> derive_encryption_key(bus::Call& call);
  Result<void> derive_ethereum_key(bus::Call& call);
  Result<void> derive_password(bus::Call& call);
  Result<void> encrypt(bus::Call& call);
  Result<void> decrypt(bus::Call& call);
  Result<void> rotate(bus::Call& call);
  Result<void> sign_anchor(bus::Call& call);
  Result<void> get_metrics(bus::Call& call);
  Result<LockedBytes> open_box(bus::Call& call, std::size_t limit);
  Result<void> require_identity_unset() const;
  Result<void> derive(bus::Call& call, Branch branch);
  const char* state() const { return vault_.unlocked() ? "unlocked" : "locked"; }
  Failure refuse(const bus::Call& call, const char* why) const;
  void announce();

  Arena& arena_;
  Vault& vault_;
  PreparedKeys& prepared_;
  const Vault::Now now_;
  const Surroundings surroundings_;
  bus::Accounts accounts_;
  Counts counts_;
  std::unique_ptr<bus::Object> object_;
};

} // namespace alk::secretd
