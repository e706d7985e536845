// The head of the audit log goes where a new chain in the database cannot reach it: to the journal, as an
// anchor to verify against later. At the start, every 100 changes, a minute after a change at the latest, and
// at the end.
#pragma once

#include "alknet-stored/audit.hpp"
#include "alknet-stored/store.hpp"

#include <asio/steady_timer.hpp>

namespace alk::stored {

// What a new chain could take in and no anchor would tell, at most: so many changes, or what came in so long.
inline constexpr std::int64_t changes_per_anchor = 100;
inline constexpr std::chrono::seconds anchor_pause{60};

class Anchors {
 public:
  using Tell = std::function<void(const AuditAnchor& head)>;

  // `store` outlives it. Nothing is told twice in a row.
  Anchors(asio::io_context& loop, Store& store, Tell tell)
      : store_(store), tell_(std::move(tell)), timer_(loop) {}

  void start();
  void changed(std::int64_t revision); // every change of identities raises it, and adds a row of the log
  // A last time; nothing is told afterwards.
  void finish(std::function<void()> finished);

 private:
  void look(std::function<void()> then);
  void wait();

  Store& store_;
  Tell tell_;
  asio::steady_timer timer_;
  std::int64_t revision_ = 0; // at the last look
  AuditAnchor told_;
  bool ended_ = false;
};

} // namespace alk::stored
