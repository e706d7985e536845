// The reload of authd, alone or as the second half of listend's: read and checked first, put into force later
// or never.
//
//   idle --prepare--> prepared --commit--> idle, new snapshot in force
//                     prepared --abort, or transaction_lifetime passes--> idle, nothing changed
#pragma once

#include "alknet-authd/judge.hpp"
#include "alknet-authd/snapshot.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace alk::authd {

// systemd.md section 7: long enough for listend's own checks, short enough that a dead listend blocks no
// reload.
inline constexpr std::chrono::seconds transaction_lifetime{5};

class Transactions {
 public:
  struct Clocks {
    std::function<std::chrono::steady_clock::time_point()> steady; // for the lifetime
    std::function<UnixSeconds()> wall;                             // for expiry-time=
  };
  struct Committed {
    std::uint64_t generation = 0;
    std::vector<std::string> revoked; // identities that can no longer log in
  };

  // Told of each text with its generation, before it is in force: whatever ends this process afterwards, the
  // next one begins with it.
  using Keep = std::function<void(const config::CommittedText& text)>;

  // initial.text.generation is the generation to begin with.
  Transactions(Snapshot initial, Sources sources, Clocks clocks, Keep keep);

  // The digest of what was read. Errors: Busy (another one is open), Invalid (as read_snapshot).
  Result<std::string> prepare(std::uint64_t transaction);
  // NotFound unless exactly this transaction is open.
  Result<Committed> commit(std::uint64_t transaction);
  void abort(std::uint64_t transaction);
  // Both halves at once; the generation goes up by one.
  Result<Committed> reload();

  // Drops a prepared result whose lifetime is over (every other call does so as well).
  void expire();

  std::shared_ptr<const Snapshot> current() const { return current_; }
  std::uint64_t generation() const { return generation_; } // 0 after a start from the disk

 private:
  struct Open {
    std::uint64_t transaction;
    Snapshot snapshot;
    std::chrono::steady_clock::time_point ends;
  };
  Committed put_into_force(Snapshot next, std::uint64_t generation);
  std::shared_ptr<const Snapshot> kept(Snapshot snapshot);

  Sources sources_;
  Clocks clocks_;
  Keep keep_;
  std::uint64_t generation_;
  std::shared_ptr<const Snapshot> current_;
  std::optional<Open> open_;
};

} // namespace alk::authd
