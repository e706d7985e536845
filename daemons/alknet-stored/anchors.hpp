// The head of the audit log goes where a new chain in the database cannot reach it: to the journal, as an
// anchor to verify against later. At the start, every 100 changes, a minute after a change at the latest, and
// at the end. Signed when there is a signer; who changes something never waits for that.
#pragma once

#include "alknet-stored/audit.hpp"
#include "alknet-stored/store.hpp"
#include "pubkey/anchor.hpp"

#include <asio/steady_timer.hpp>

namespace alk::stored {

// What a new chain could take in and no anchor would tell, at most: so many changes, or what came in so long.
inline constexpr std::int64_t changes_per_anchor = 100;
inline constexpr std::chrono::seconds anchor_pause{60};
// A signature takes well under a millisecond. Without an answer by then an anchor is told unsigned; at the
// end, when systemd waits, it may take less.
inline constexpr std::chrono::milliseconds signing_patience{5000};
inline constexpr std::chrono::milliseconds last_signing_patience{1000};

class Anchors {
 public:
  using Tell = std::function<void(const pubkey::Anchor& head)>;
  // Puts time, key and signature into an anchor and calls `signed` once, on the loop, within `patience`.
  using Done = std::function<void(Result<pubkey::Anchor>)>;
  using Sign = std::function<void(pubkey::Anchor head, std::chrono::milliseconds patience, Done done)>;

  // `store` outlives it. Nothing is told twice in a row, unless with the signature that was missing.
  Anchors(asio::io_context& loop, Store& store, Sign sign, Tell tell)
      : store_(store), sign_(std::move(sign)), tell_(std::move(tell)), timer_(loop) {}

  void start();
  // Whether there is somebody who signs. What was told unsigned is told again when there is.
  void signer(bool there);
  void changed(std::int64_t revision); // every change of identities raises it, and adds a row of the log
  // A last time; nothing is told afterwards.
  void finish(std::function<void()> finished);

 private:
  void look(std::function<void()> then);
  void take(const AuditAnchor& head, std::function<void()> then);
  void tell(const pubkey::Anchor& head);
  void wait();

  Store& store_;
  Sign sign_;
  Tell tell_;
  asio::steady_timer timer_;
  std::int64_t revision_ = 0; // at the last look
  pubkey::Anchor told_;
  bool signer_ = false;
  bool ended_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace alk::stored
