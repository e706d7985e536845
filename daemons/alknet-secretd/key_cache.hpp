// Keys that were derived lately: bounded, each for an hour from its derivation however often it is used.
#pragma once

#include "alknet-secretd/arena.hpp"
#include "alknet-secretd/path.hpp"

#include <chrono>
#include <list>
#include <string>

namespace alk::secretd {

enum class Algorithm { Ed25519, Aes256Gcm, Secp256k1 };

struct DerivedKey {
  Algorithm algorithm = Algorithm::Ed25519;
  LockedBytes private_key; // 32 bytes
  std::string public_key;  // 32 bytes, none, or 33
};

inline constexpr std::size_t max_cached_keys = 64;
inline constexpr std::chrono::hours cached_key_lifetime{1};

class KeyCache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // nullptr: not there, or its hour is over. The pointer counts until the next call.
  const DerivedKey* find(Algorithm algorithm, const Path& path, Time now);
  // In place of the least recently used one when there are 64.
  const DerivedKey& put(const Path& path, DerivedKey key, Time now);
  void sweep(Time now); // removes what is over
  void clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Path path;
    DerivedKey key;
    Time derived;
  };
  std::list<Entry> entries_; // the most recently used first
};

} // namespace alk::secretd
