// One-time X25519 keys to which callers seal what they send (libsodium's crypto_box_seal): each for one
// caller, one use and a minute. And the other direction: sealing to a key of the caller.
#pragma once

#include "alknet-secretd/arena.hpp"

#include <chrono>
#include <list>
#include <string>

namespace alk::secretd {

inline constexpr std::size_t box_key_size = 32;
inline constexpr std::size_t box_overhead = 48; // the one-time public key and the authenticator
inline constexpr std::chrono::seconds prepared_key_lifetime{60};
inline constexpr std::size_t max_prepared_keys = 32;   // of everybody: they live in the arena
inline constexpr std::size_t max_keys_of_a_caller = 4; // who prepares more loses the oldest

class PreparedKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit PreparedKeys(Arena& arena) : arena_(arena) {}

  // The public half, 32 bytes. Busy when too many callers hold one.
  Result<std::string> prepare(std::string_view caller, Time now);
  // What the caller sealed to its key. The key is gone afterwards, whatever came of it. Denied when this
  // caller has no such key (any more); Invalid when the box is not for it or was changed.
  Result<LockedBytes> open(std::string_view caller, std::string_view public_key, std::string_view box,
                           Time now);
  void sweep(Time now);
  void clear() { keys_.clear(); }
  std::size_t size() const { return keys_.size(); }

 private:
  struct Prepared {
    std::string caller;
    std::string public_key;
    LockedBytes secret_key;
    Time made;
  };
  Arena& arena_;
  std::list<Prepared> keys_; // the oldest first
};

// Invalid when the key is not 32 bytes of a usable point.
Result<std::string> seal(std::span<const std::byte> secret, std::string_view recipient);

// Whether seal() would do.
Result<void> check_recipient(std::string_view recipient);

} // namespace alk::secretd
